import type { RunEvent } from './events.ts';
import { isTerminal, RunView } from './view.ts';

export type Resumed = { events: RunEvent[]; done: boolean; reset?: boolean };

/** Pause before a failed `resume` is repeated, in ms. */
const PAUSE = 300;

/** A client's views of all its runs. Fetches missing events, with one request at a time per run. */
export class Runs {
  readonly views = new Map<number, RunView>();
  readonly #ask: (runId: number, afterSeq: number) => Promise<Resumed>;
  readonly #changed: (view: RunView, event: RunEvent) => void;
  /** Runs with a request, and whether to repeat the request. */
  readonly #asking = new Map<number, boolean>();

  /**
   * @param ask sends `resume`; rejects if a later try may succeed
   * @param changed called after each accepted event
   */
  constructor(
    ask: (runId: number, afterSeq: number) => Promise<Resumed>,
    changed: (view: RunView, event: RunEvent) => void,
  ) {
    this.#ask = ask;
    this.#changed = changed;
  }

  of(runId: number): RunView {
    const known = this.views.get(runId) ?? new RunView();
    this.views.set(runId, known);
    return known;
  }

  ended(runId: number): boolean {
    return this.views.get(runId)?.ended !== undefined;
  }

  /** Takes a pushed event. Fetches missing earlier events. */
  take(event: RunEvent): void {
    if (!this.#show(event, false)) void this.resume(event.data.run_id);
  }

  /** Takes an event of a stream. A stream has a hole where the log is gone; its terminal event then says all, from the row. */
  read(event: RunEvent): void {
    if (!this.#show(event, false) && isTerminal(event)) this.#show(event, true);
  }

  /** Fetches a run's missed events. Retries while `mayAsk` returns true. */
  async resume(runId: number, mayAsk: () => boolean = () => true): Promise<void> {
    if (this.#asking.has(runId)) return void this.#asking.set(runId, true);
    this.#asking.set(runId, false);
    try {
      const { events, reset = false } = await this.#ask(runId, this.of(runId).seq);
      for (const event of events) this.#show(event, reset);
    } catch {
      await new Promise((over) => setTimeout(over, PAUSE));
      this.#asking.set(runId, true);
    }
    const again = this.#asking.get(runId);
    this.#asking.delete(runId);
    if (again && mayAsk() && !this.ended(runId)) await this.resume(runId, mayAsk);
  }

  /** Shows an event. Returns false when an earlier event is missing. */
  #show(event: RunEvent, reset: boolean): boolean {
    const view = this.of(event.data.run_id);
    if (view.ended) return true;
    if (reset) view.replace(event);
    else if (!view.take(event)) return false;
    this.#changed(view, event);
    return true;
  }
}
