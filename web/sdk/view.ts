import type { RunEvent } from './events.ts';

/** A run's terminal event and whole text. */
export type End = { event: RunEvent; text: string };

/** A client's view of a run. Orders events, drops duplicates and older attempts, detects gaps. */
export class RunView {
  attempt = 0;
  seq = 0;
  text = '';
  /** Events of the newest attempt, without a gap. */
  events: RunEvent[] = [];
  ended: End | undefined;
  /** Text joined from deltas before the end; undefined when only the terminal event came. */
  joined: string | undefined;

  /** Returns a view of events up to the first gap. A terminal event without others comes from the row. */
  static of(events: RunEvent[]): RunView {
    const view = new RunView();
    const [first] = events;
    if (first !== undefined && isTerminal(first)) view.replace(first);
    for (const event of events) if (!view.take(event)) break;
    return view;
  }

  /** Takes an event. Returns false when an earlier event is missing, which `resume` must fetch. */
  take(event: RunEvent): boolean {
    const { attempt, seq } = event.data;
    if (this.ended || attempt < this.attempt) return true;
    if (attempt === this.attempt && seq <= this.seq) return true;
    const begins = attempt > this.attempt && seq === firstSeq(attempt);
    const follows = attempt === this.attempt && seq === this.seq + 1;
    if (!begins && !follows) return false;
    this.#show(event, follows);
    return true;
  }

  /** Takes an event regardless of earlier ones: the answer to `resume` after the log expired. */
  replace(event: RunEvent): void {
    this.#show(event, false);
  }

  /** @param follows whether the event continues the shown text */
  #show(event: RunEvent, follows: boolean): void {
    const { attempt, seq } = event.data;
    if (attempt > this.attempt) this.text = '';
    Object.assign(this, { attempt, seq });
    if (follows) this.events.push(event);
    else this.events = [event];
    if (event.event === 'response.restart') this.text = '';
    if (event.event === 'response.delta') this.text += event.data.delta;
    if (!isTerminal(event)) return;
    this.joined = follows ? this.text : undefined;
    if ('content' in event.data) this.text = event.data.content;
    this.ended = { event, text: this.text };
  }
}

/** Returns the events of a run's newest attempt, ordered by seq, without duplicates. Keeps gaps. */
export function newestAttempt(events: RunEvent[]): RunEvent[] {
  const attempt = Math.max(...events.map(({ data }) => data.attempt));
  const bySeq = new Map(
    events.filter(({ data }) => data.attempt === attempt).map((event) => [event.data.seq, event]),
  );
  return [...bySeq.values()].toSorted((a, b) => a.data.seq - b.data.seq);
}

/** Returns the deltas of events, joined. */
export function deltas(events: RunEvent[]): string {
  return events.map(({ event, data }) => (event === 'response.delta' ? data.delta : '')).join('');
}

const TERMINAL: readonly string[] = ['response', 'run.failed', 'run.cancelled'];
export function isTerminal({ event }: RunEvent): boolean {
  return TERMINAL.includes(event);
}

/** Returns an attempt's first seq: 1, then attempt × 1,000,000, so that newer attempts sort behind older ones. */
export function firstSeq(attempt: number): number {
  return attempt === 1 ? 1 : attempt * 1_000_000;
}
