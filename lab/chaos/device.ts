import { Device as Connection, type Refusal } from '../kit/device.ts';
import { type Resumed, Runs } from '../../web/sdk/runs.ts';
import { RunView } from '../../web/sdk/view.ts';
import type { Journal } from './journal.ts';
import { oneOf } from './schedule.ts';

type Answer = Partial<Resumed> & { ok: boolean; error?: Refusal };
const ACK_MS = 5_000;

/** A user's device, which does what the contract demands of a client. Connects to a random replica. */
export class Device {
  readonly name: string;
  /** By run: the view of a device that connects just after the end. */
  readonly replays = new Map<number, RunView>();
  readonly #connection: Connection;
  readonly #runs: Runs;
  readonly #journal: Journal;
  connectedAt = 0;

  /** @param user `known`: the user's runs that any device knows */
  constructor(
    name: string,
    urls: string[],
    { token, known }: { token: string; known: Set<number> },
    journal: Journal,
  ) {
    this.name = name;
    this.#journal = journal;
    this.#runs = new Runs(
      (runId, afterSeq) => this.#missed(runId, afterSeq),
      (view, event) => {
        const { run_id } = event.data;
        if (view.ended && journal.ended(run_id)) void this.#replayLater(run_id);
      },
    );
    this.#connection = new Connection({
      url: () => oneOf(urls, Math.random),
      token: () => token,
      persistent: true,
      heard: (event) => {
        known.add(event.data.run_id);
        journal.event(name, event);
        this.#runs.take(event);
      },
      connected: () => {
        this.connectedAt = Date.now();
        for (const runId of known) if (!this.knowsEnd(runId)) void this.resume(runId);
      },
      refused: ({ status, code }) => {
        if (status < 500) journal.wrong('other', `${name}: sign-in refused: ${code}`);
      },
    });
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** The device's views, by run. */
  get shown(): Map<number, RunView> {
    return this.#runs.views;
  }

  cut(): void {
    this.#connection.cut();
  }

  close(): void {
    this.#connection.close();
  }

  knowsEnd(runId: number): boolean {
    return this.#runs.ended(runId);
  }

  /** Emits an event. Returns the acknowledgement. Without one, closes the connection. */
  async ask<T>(event: string, payload: object): Promise<T> {
    return (await this.#connection.ask(event, payload, ACK_MS)) as T;
  }

  /** Fetches a run's missed events. A new connection resumes all runs anyway. */
  resume(runId: number): Promise<void> {
    return this.#runs.resume(runId, () => this.connected);
  }

  /** Fetches all of an ended run, as a new device does. */
  async replay(runId: number): Promise<RunView> {
    const answer = await this.ask<Answer>('resume', { run_id: runId, after_seq: 0 });
    if (!answer.ok || !answer.done)
      throw new Error(`not told the end: ${JSON.stringify(answer).slice(0, 200)}`);
    const view = new RunView();
    for (const event of answer.events ?? [])
      if (answer.reset) view.replace(event);
      else if (!view.take(event)) {
        this.#journal.wrong('spliced', `its log has a hole before ${event.data.seq}`, runId);
        break;
      }
    return view;
  }

  async #missed(runId: number, afterSeq: number): Promise<Resumed> {
    const answer = await this.ask<Answer>('resume', { run_id: runId, after_seq: afterSeq });
    if (!answer.ok) {
      if (answer.error?.status !== 503)
        this.#journal.wrong('other', `resume refused: ${JSON.stringify(answer.error)}`, runId);
      throw new Error(answer.error?.code);
    }
    const { events = [], done = false, reset = false } = answer;
    for (const event of events) this.#journal.event(this.name, event);
    return { events, done, reset };
  }

  /** Keeps a replay from before the next wipe; the end of the round replays again. */
  async #replayLater(runId: number): Promise<void> {
    const view = await this.replay(runId).catch(() => undefined);
    if (view) this.replays.set(runId, view);
  }
}
