import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from './journal.ts';
import { oneOf } from './schedule.ts';
import { post } from './user.ts';

type Item = { conversation: { id: number; status: string } };
/** When an agent had a conversation, in ms since 1970: from the answer to the take until the return was sent. */
type Held = { conversation: number; from: number; to: number };

/** Ms between two looks at the inbox. */
const PAUSE = 1_500;
/** Ms for which an agent has a conversation, at most. */
const HELD = 5_000;

/** A simulated agent: takes what waits longest, replies, and gives it back or resolves it. */
export class Agent {
  readonly name: string;
  readonly held: Held[] = [];
  /** Texts that a replica acknowledged. */
  readonly replies: string[] = [];
  readonly #token: string;
  readonly #urls: string[];
  readonly #journal: Journal;

  constructor(name: string, token: string, urls: string[], journal: Journal) {
    this.name = name;
    this.#token = token;
    this.#urls = urls;
    this.#journal = journal;
  }

  /** Works until nobody waits and no more will, or the signal aborts. @param over whether all users are done */
  async work(over: () => boolean, giveUp: AbortSignal): Promise<void> {
    while (!giveUp.aborted) {
      const done = over();
      const waiting = await this.#waiting();
      if (waiting === undefined && done) return;
      if (waiting !== undefined) await this.#answer(waiting, giveUp);
      await sleep(PAUSE * (0.5 + Math.random()));
    }
  }

  /** Returns the conversation that waits longest; undefined: nobody waits, or no replica says so. */
  async #waiting(): Promise<number | undefined> {
    const url = `${oneOf(this.#urls, Math.random)}/api/v1/inbox?status=waiting&limit=3`;
    const headers = { authorization: `Bearer ${this.#token}` };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(8_000) }).catch(() => undefined);
    if (!answer?.ok) return undefined;
    const { data } = (await answer.json().catch(() => ({ data: [] }))) as { data: Item[] };
    return data.length === 0 ? undefined : oneOf(data, Math.random).conversation.id;
  }

  async #answer(conversation: number, giveUp: AbortSignal): Promise<void> {
    if ((await this.#ask(conversation, 'take', giveUp, { body: {} })) !== 200) return;
    const from = Date.now();
    const text = `Reply ${this.replies.length + 1} of ${this.name} to conversation ${conversation}`;
    const replied = await this.#ask(conversation, 'reply', giveUp, {
      body: { content: text },
      key: crypto.randomUUID(),
    });
    if (replied === 201) this.replies.push(text);
    await sleep(HELD * Math.random());
    this.held.push({ conversation, from, to: Date.now() });
    const last = Math.random() < 0.7 ? 'return' : 'resolve';
    await this.#ask(conversation, last, giveUp, { body: last === 'resolve' ? {} : undefined });
  }

  /** Asks replicas until one answers. Returns the status; undefined when the signal aborted. */
  async #ask(
    conversation: number,
    what: string,
    giveUp: AbortSignal,
    { body, key }: { body?: object | undefined; key?: string } = {},
  ): Promise<number | undefined> {
    const headers = { authorization: `Bearer ${this.#token}`, ...(key && { 'idempotency-key': key }) };
    for (; !giveUp.aborted; await sleep(200)) {
      const url = `${oneOf(this.#urls, Math.random)}/api/v1/inbox/${conversation}/${what}`;
      const status = await post(url, what === 'take' ? {} : (body ?? {}), headers).then(
        (answer) => answer.status,
        () => 500,
      );
      // Another agent may have been faster, or an earlier try of this agent succeeded and its answer was lost.
      if (status < 500 && (status < 400 || (status === 409 && what !== 'reply'))) return status;
      if (status < 500) this.#journal.wrong('other', `${what} of ${this.name} was refused: ${status}`);
      if (status < 500) return status;
    }
    return undefined;
  }
}
