import type { RunEvent } from './events.ts';
import { request } from './http.ts';
import { Live, type LiveState } from './live.ts';
import { Outbox, type Unsent } from './outbox.ts';
import { Runs } from './runs.ts';
import type { Session } from './session.ts';
import { readRun } from './stream.ts';
import type { Lock, Store, Taken } from './types.ts';
import { isTerminal, type RunView } from './view.ts';

type Where = { base: string; session: Session; store: Store; lock: Lock };
type Heard = {
  /** A message of this client is stored. */
  sent: { message: Unsent; taken: Taken };
  /** A run's view has changed. */
  run: { view: RunView; event: RunEvent };
  /** The connection has changed. */
  live: LiveState;
  /** A connection was made: what was pushed before may be lost. */
  connected: undefined;
  /** Any other event of the server. */
  event: { event: string; data: unknown };
};

/** One signed-in user's client: sends messages, follows runs to their end, hears what happens. Close it at sign-out. */
export class Parley {
  readonly session: Session;
  readonly outbox: Outbox;
  readonly runs: Runs;
  readonly #where: Where;
  readonly #live: Live;
  readonly #listeners = new Map<keyof Heard, Set<(heard: never) => void>>();
  /** Runs that are read as streams while there is no socket. */
  readonly #streams = new Map<number, AbortController>();
  /** Runs that somebody watches. */
  readonly #watched = new Set<number>();
  /** Runs that ended here, the latest last. */
  readonly #over: number[] = [];
  #closed = false;

  constructor(where: Where) {
    this.#where = where;
    const { session, store, lock, base } = where;
    this.session = session;
    this.runs = new Runs(
      (runId, afterSeq) => this.#live.resume(runId, afterSeq),
      (view, event) => {
        this.#tell('run', { view, event });
        if (isTerminal(event)) this.#end(view, event);
      },
    );
    this.outbox = new Outbox(String(session.user?.id), {
      store,
      lock,
      send: (message) => this.#send(message),
      sent: (message, taken) => {
        if (taken.run_id !== null) this.watch(taken.run_id);
        this.#tell('sent', { message, taken });
      },
    });
    this.#live = new Live({
      base,
      session,
      run: (event) => {
        this.#watched.add(event.data.run_id);
        this.runs.take(event);
      },
      heard: (event, data) => this.#tell('event', { event, data }),
      connected: () => this.#connected(),
      changed: (state) => {
        if (state === 'streams') for (const run of this.#watched) void this.#stream(run);
        this.#tell('live', state);
      },
    });
    void this.outbox.flush();
  }

  get live(): LiveState {
    return this.#live.state;
  }

  on<Name extends keyof Heard>(name: Name, listener: (heard: Heard[Name]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener as (heard: never) => void));
    return () => set.delete(listener as (heard: never) => void);
  }

  /** Follows a run to its end, from what this client has seen of it. */
  watch(runId: number): void {
    if (this.#closed || this.runs.ended(runId)) return;
    this.#watched.add(runId);
    if (this.#live.connected) void this.runs.resume(runId, () => this.#live.connected);
    else if (this.#live.state === 'streams') void this.#stream(runId);
  }

  async stop(runId: number): Promise<void> {
    await this.session.call('POST', `/runs/${runId}/cancel`, { body: {} });
    this.watch(runId);
  }

  say(event: string, payload: object): void {
    this.#live.say(event, payload);
  }

  /** The network is back, or the page is looked at again. */
  wake(): void {
    this.#live.hurry();
    void this.outbox.flush();
  }

  close(): void {
    this.#closed = true;
    this.outbox.close();
    this.#live.close();
    for (const stream of this.#streams.values()) stream.abort();
    this.#listeners.clear();
  }

  #send({ content, conversation, assistant_id, key }: Unsent): Promise<Taken> {
    const where = typeof conversation === 'number' ? { conversation_id: conversation } : {};
    const body = { content, ...where, ...(assistant_id !== undefined && { assistant_id }) };
    return this.session.asUser((token) =>
      request<Taken>(this.#where.base, 'POST', '/chat/send', { body, key, token }),
    );
  }

  #connected(): void {
    for (const stream of this.#streams.values()) stream.abort();
    this.#streams.clear();
    for (const run of this.#watched) this.watch(run);
    void this.outbox.flush();
    this.#tell('connected', undefined);
  }

  /** Reads a run as a stream, again after each break, until it ends or the socket connects. */
  async #stream(run: number): Promise<void> {
    if (this.#streams.has(run) || this.runs.ended(run)) return;
    const stop = new AbortController();
    this.#streams.set(run, stop);
    while (!stop.signal.aborted && !this.runs.ended(run)) {
      if (!(await this.#readOnce(run, stop.signal))) {
        // A run that is not there has nothing to show.
        this.#watched.delete(run);
        break;
      }
      if (!this.runs.ended(run)) await new Promise((over) => setTimeout(over, STREAM_PAUSE_MS));
    }
    if (this.#streams.get(run) === stop) this.#streams.delete(run);
  }

  /** Returns whether the run is there, also where that is not known. */
  async #readOnce(run: number, signal: AbortSignal): Promise<boolean> {
    try {
      const after = this.runs.of(run).seq;
      const token = await this.session.token();
      const take = (event: RunEvent) => this.runs.read(event);
      return await readRun({ base: this.#where.base, token, run, after, take, signal });
    } catch {
      return true;
    }
  }

  /** Forgets how the answer grew. Its text stays for a while: views show it until they have the message. */
  #end(view: RunView, { data }: RunEvent): void {
    view.events = [];
    view.joined = undefined;
    this.#over.push(data.run_id);
    if (this.#over.length > KEPT_TEXTS) this.runs.views.delete(this.#over.shift() ?? 0);
    this.#watched.delete(data.run_id);
    if ('message_id' in data) this.#live.say('delivered', { message_id: data.message_id });
  }

  #tell<Name extends keyof Heard>(name: Name, heard: Heard[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(heard as never);
  }
}

const STREAM_PAUSE_MS = 1_000;
/** A page that is open all day must not keep every answer twice. */
const KEPT_TEXTS = 50;
