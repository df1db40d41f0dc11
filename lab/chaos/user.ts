import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal } from '../kit/device.ts';
import { Device } from './device.ts';
import type { Journal } from './journal.ts';
import { DEVICES, oneOf, type Planned } from './schedule.ts';
import type { Stack } from './stack.ts';

/** run_id: null where the message stands before a person. */
type Taken = { run_id: number | null; message_id: number; conversation_id: number; status: string };
type Acknowledged = Partial<Taken> & { ok: boolean; error?: Refusal };

const POST_MS = 8_000;

/** A simulated user with devices and conversations. Sends each message until a replica accepts it. */
export class User {
  readonly id: number;
  readonly token: string;
  readonly devices: Device[];
  /** The messages of each run, by run id and message id. One run answers several where they joined it. */
  readonly accepted = new Map<number, Map<number, Planned>>();
  /** Messages that stand before a person, by message id. */
  readonly standing = new Map<number, Planned>();
  /** Conversations, as the plan counts them, that were handed over. */
  readonly handedOver = new Set<number>();
  /** Messages not accepted by the end of the round. */
  readonly untaken: Planned[] = [];
  readonly #urls: string[];
  readonly #journal: Journal;
  readonly #known = new Set<number>();
  readonly #conversations = new Map<number, number>();
  readonly #lines = new Map<number, Promise<void>>();
  readonly #later: Promise<void>[] = [];

  private constructor(id: number, token: string, urls: string[], journal: Journal) {
    this.id = id;
    this.token = token;
    this.#urls = urls;
    this.#journal = journal;
    this.devices = Array.from(
      { length: DEVICES },
      (_, i) => new Device(`device ${i} of user ${id}`, urls, { token, known: this.#known }, journal),
    );
  }

  /** Registers a user, or signs in a guest, and connects the user's devices. */
  static async register(name: string, guest: boolean, urls: string[], journal: Journal): Promise<User> {
    const account = { email: `${name}@example.com`, username: name, password: `password of ${name}` };
    const consents = { gdpr_consent: true, data_processing_consent: true };
    const [path, body] = guest ? ['guest', consents] : ['register', { ...account, ...consents }];
    const answer = await post(`${urls[0]}/api/v1/auth/${path}`, body);
    const { user, access_token } = (await answer.json()) as { user: { id: number }; access_token: string };
    return new User(user.id, access_token, urls, journal);
  }

  /** Makes an agent's account. Returns its access token. */
  static async signUpAgent(name: string, { urls, postgres }: Stack): Promise<string> {
    const account = { email: `${name}@example.com`, username: name, password: `password of ${name}` };
    await post(`${urls[0]}/api/v1/auth/register`, { ...account, gdpr_consent: true });
    await postgres.rows(`UPDATE users SET role = 'agent' WHERE username = '${name}'`);
    const answer = await post(`${urls[0]}/api/v1/auth/login`, {
      email: account.email,
      password: account.password,
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  /** Resolves when every cancel and every handover is acknowledged. */
  async quiet(): Promise<void> {
    await Promise.all(this.#later);
  }

  /** Sends a message after the earlier ones of its conversation are accepted. Gives up when the signal aborts. */
  say(message: Planned, giveUp: AbortSignal): Promise<void> {
    const line = this.#lines.get(message.conversation) ?? Promise.resolve();
    const sent = line.then(() => this.#send(message, giveUp));
    this.#lines.set(message.conversation, sent);
    return sent;
  }

  async #send(message: Planned, giveUp: AbortSignal): Promise<void> {
    const began = Date.now();
    const copies = Array.from({ length: message.twice ? 2 : 1 }, () => this.#sendUntilTaken(message, giveUp));
    for (const taken of await Promise.all(copies)) {
      if (taken === undefined) return void this.untaken.push(message);
      this.#accept(message, taken, began, giveUp);
    }
  }

  #accept(message: Planned, taken: Taken, began: number, giveUp: AbortSignal): void {
    const { run_id, message_id, conversation_id } = taken;
    const conversation = this.#conversations.get(message.conversation) ?? conversation_id;
    if (conversation !== conversation_id)
      this.#journal.wrong('other', `message ${message.index} landed in conversation ${conversation_id}`);
    this.#conversations.set(message.conversation, conversation_id);
    const first = this.#idOf(message);
    if (first !== undefined && first !== message_id)
      this.#journal.wrong('doubled', `message ${message.index} is ${first} and ${message_id}`);
    if (message.handsOver && first === undefined) {
      this.handedOver.add(message.conversation);
      this.#later.push(this.#askForPerson(conversation_id, giveUp));
    }
    if (run_id === null) return void this.standing.set(message_id, message);

    const parts = this.accepted.get(run_id) ?? new Map<number, Planned>();
    if (parts.size > 0 && !parts.has(message_id) && taken.status !== 'joined' && !message.coalesces)
      this.#journal.wrong('doubled', `message ${message.index} got the run of another`, run_id);
    const story = this.#journal.story(run_id);
    if (message.cancelAfter !== undefined && !parts.has(message_id))
      this.#later.push(this.#cancel(run_id, message.cancelAfter, giveUp));
    story.message ??= message;
    story.acceptedAt ??= Date.now();
    this.accepted.set(run_id, parts.set(message_id, message));
    this.#known.add(run_id);
    // A device may have missed pushes of this run, which it did not know.
    for (const device of this.devices)
      if (device.connected && device.connectedAt > began) void device.resume(run_id);
  }

  #idOf(message: Planned): number | undefined {
    const all = [...this.standing, ...[...this.accepted.values()].flatMap((parts) => [...parts])];
    return all.find(([, known]) => known === message)?.[0];
  }

  /** Asks for a person, again until a replica acknowledges. */
  async #askForPerson(conversation: number, giveUp: AbortSignal): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}` };
    for (; !giveUp.aborted; await sleep(300)) {
      const url = `${oneOf(this.#urls, Math.random)}/api/v1/conversations/${conversation}/handoff`;
      const answer = await post(url, {}, headers).catch(() => undefined);
      if (answer?.ok) return;
      if (answer && answer.status < 500)
        return this.#journal.wrong('other', `a handover was refused: ${answer.status}`);
    }
  }

  /** Cancels a run, again until a replica acknowledges. */
  async #cancel(runId: number, afterMs: number, giveUp: AbortSignal): Promise<void> {
    for (let wait = afterMs; !giveUp.aborted; wait = 300) {
      await sleep(wait);
      const url = `${oneOf(this.#urls, Math.random)}/api/v1/runs/${runId}/cancel`;
      const answer = await post(url, {}, { authorization: `Bearer ${this.token}` }).catch(() => undefined);
      if (answer?.ok) return;
      if (answer && answer.status < 500)
        return this.#journal.wrong('other', `its cancel was refused: ${answer.status}`, runId);
    }
  }

  /** Posts under one key, to any replica, until a 202 comes. */
  async #sendUntilTaken(message: Planned, giveUp: AbortSignal): Promise<Taken | undefined> {
    const conversation_id = this.#conversations.get(message.conversation);
    const body = {
      content: message.content,
      ...(conversation_id !== undefined && { conversation_id }),
      ...(message.coalesces && { multitask_strategy: 'coalesce' }),
      ...(message.interrupts && { multitask_strategy: 'interrupt' }),
    };
    const key = `message-${message.index}`;
    let transport = message.transport;
    while (!giveUp.aborted) {
      try {
        const taken = await (transport === 'http' ? this.#overHttp(body, key) : this.#overSocket(body, key));
        if ('run_id' in taken) return taken;
        if (taken.status < 500) {
          this.#journal.wrong('other', `message ${message.index} was refused: ${taken.code}`);
          return undefined;
        }
        this.#journal.tell(`message ${message.index}: ${taken.code}`);
      } catch (err) {
        this.#journal.tell(`message ${message.index}: ${(err as Error).message}`);
      }
      transport = Math.random() < 0.5 ? 'http' : 'socket';
      await sleep(100 + Math.random() * 400);
    }
    return undefined;
  }

  async #overHttp(body: object, key: string): Promise<Taken | Refusal> {
    const url = `${oneOf(this.#urls, Math.random)}/api/v1/chat/send`;
    const headers = { authorization: `Bearer ${this.token}`, 'idempotency-key': key };
    const answer = await post(url, body, headers);
    const said = (await answer.json()) as Taken | Refusal;
    return answer.status === 202 ? said : { code: `${(said as Refusal).code}`, status: answer.status };
  }

  async #overSocket(body: object, idempotency_key: string): Promise<Taken | Refusal> {
    const device = oneOf(this.devices, Math.random);
    const said = await device.ask<Acknowledged>('message', { type: 'message', idempotency_key, ...body });
    return said.ok ? (said as Taken) : (said.error ?? { code: 'no reason given', status: 500 });
  }
}

export function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(POST_MS),
  });
}
