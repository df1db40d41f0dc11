import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { type RunEvent, RunView, TERMINAL } from '../../scripts/chat/view.ts';
import type { Journal } from './journal.ts';
import { oneOf } from './schedule.ts';

type Resumed = {
  ok: boolean;
  events?: { event: string; data: RunEvent }[];
  reset?: boolean;
  error?: Refusal;
};
export type Refusal = { code: string; status: number };
/** What a device shows of a run, and the text it showed bit by bit before the end. */
export type Shown = { view: RunView; joined: string | undefined };
type Replayed = Resumed & { done?: boolean };

const EVENTS = ['run.status', 'response.delta', 'response.restart', ...TERMINAL];
const ACK_MS = 5_000;
const CONNECT_MS = 5_000;

/** One of a user's devices, which does what the contract asks of a client. It connects to a random replica. */
export class Device {
  readonly name: string;
  readonly shown = new Map<number, Shown>();
  /** What a device would have been shown that came just after the end, by run. */
  readonly replays = new Map<number, Shown>();
  readonly #urls: string[];
  readonly #token: string;
  readonly #journal: Journal;
  /** The runs of this user that anybody has heard of. */
  readonly #known: Set<number>;
  readonly #resuming = new Map<number, boolean>();
  #socket: Socket | undefined;
  #open = true;
  connectedAt = 0;

  constructor(name: string, urls: string[], token: string, known: Set<number>, journal: Journal) {
    this.name = name;
    this.#urls = urls;
    this.#token = token;
    this.#known = known;
    this.#journal = journal;
    this.#connect();
  }

  get connected(): boolean {
    return this.#socket?.connected === true;
  }

  /** The connection breaks; the device makes a new one. */
  cut(): void {
    this.#socket?.io.engine?.close();
  }

  close(): void {
    this.#open = false;
    this.#socket?.disconnect();
  }

  knowsEnd(runId: number): boolean {
    return this.shown.get(runId)?.view.ended !== undefined;
  }

  /** Emits and resolves to the acknowledgement. Where none comes the connection is given up. */
  async ask<T>(event: string, payload: object): Promise<T> {
    const socket = this.#socket;
    if (!socket?.connected) throw new Error('not connected');
    try {
      return (await socket.timeout(ACK_MS).emitWithAck(event, payload)) as T;
    } catch (err) {
      if (socket.connected) socket.io.engine?.close();
      throw err;
    }
  }

  /** Fetches what was missed of a run; one request at a time, and another one when that was not enough. */
  async resume(runId: number): Promise<void> {
    if (this.#resuming.has(runId)) return void this.#resuming.set(runId, true);
    this.#resuming.set(runId, false);
    await this.#fetchMissed(runId).catch(async () => {
      await sleep(300);
      // A new connection resumes everything anyway.
      if (this.connected && !this.knowsEnd(runId)) this.#resuming.set(runId, true);
    });
    const again = this.#resuming.get(runId);
    this.#resuming.delete(runId);
    if (again && this.connected && !this.knowsEnd(runId)) await this.resume(runId);
  }

  /** Asks for all of an ended run, as a device would that comes only now. */
  async replay(runId: number): Promise<Shown> {
    const answer = await this.ask<Replayed>('resume', { run_id: runId, after_seq: 0 });
    if (!answer.ok || !answer.done)
      throw new Error(`not told the end: ${JSON.stringify(answer).slice(0, 200)}`);
    const shown: Shown = { view: new RunView(), joined: undefined };
    for (const { event, data } of answer.events ?? [])
      if (!show(shown, event, data, answer.reset === true)) {
        this.#journal.wrong('spliced', `its log has a hole before ${data.seq}`, runId);
        break;
      }
    return shown;
  }

  async #fetchMissed(runId: number): Promise<void> {
    const { view } = this.#shown(runId);
    const answer = await this.ask<Resumed>('resume', { run_id: runId, after_seq: view.seq });
    if (!answer.ok) {
      if (answer.error?.status !== 503)
        this.#journal.wrong('other', `resume refused: ${JSON.stringify(answer.error)}`, runId);
      throw new Error(answer.error?.code);
    }
    for (const { event, data } of answer.events ?? []) this.#take(event, data, answer.reset === true);
  }

  #connect(): void {
    const url = oneOf(this.#urls, Math.random);
    const options = { transports: ['websocket'], forceNew: true, reconnection: false, timeout: CONNECT_MS };
    const socket = io(url, { ...options, auth: { token: this.#token } });
    this.#socket = socket;
    for (const event of EVENTS)
      socket.on(event, (data: RunEvent) => {
        this.#known.add(data.run_id);
        if (!this.#take(event, data)) void this.resume(data.run_id);
      });
    socket.on('connect', () => {
      this.connectedAt = Date.now();
      for (const runId of this.#known) if (!this.knowsEnd(runId)) void this.resume(runId);
    });
    const again = () => {
      socket.removeAllListeners();
      if (this.#open) setTimeout(() => this.#open && this.#connect(), 50 + Math.random() * 400);
    };
    socket.on('disconnect', again);
    socket.on('connect_error', (err: Error & { data?: Refusal }) => {
      if (err.data && err.data.status < 500)
        this.#journal.wrong('other', `${this.name}: sign-in refused: ${err.data.code}`);
      again();
    });
  }

  #shown(runId: number): Shown {
    const known = this.shown.get(runId);
    if (known) return known;
    const shown: Shown = { view: new RunView(), joined: undefined };
    this.shown.set(runId, shown);
    return shown;
  }

  /** False when something before it is missing. */
  #take(event: string, data: RunEvent, reset = false): boolean {
    this.#journal.event(this.name, event, data);
    const shown = this.#shown(data.run_id);
    const { view } = shown;
    if (view.ended) return true;
    if (!show(shown, event, data, reset)) return false;
    if (view.ended && this.#journal.ended(data.run_id)) void this.#replayLater(data.run_id);
    return true;
  }

  /** Now, before the next wipe; the end of the round looks once more. */
  async #replayLater(runId: number): Promise<void> {
    const shown = await this.replay(runId).catch(() => undefined);
    if (shown) this.replays.set(runId, shown);
  }
}

/** False when something before it is missing. */
function show(shown: Shown, event: string, data: RunEvent, reset: boolean): boolean {
  const { view } = shown;
  const { attempt, text } = view;
  if (reset) view.replace(event, data);
  else if (!view.take(event, data)) return false;
  // A terminal event that begins an attempt, or replaces an expired log, stands for itself.
  if (view.ended) shown.joined = reset || data.attempt > attempt ? undefined : text;
  return true;
}
