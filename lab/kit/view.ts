import { firstSeq, isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';

/** How a run ended: the terminal event, and the whole text. */
export type End = { event: RunEvent; text: string };

/** What a client shows of a run. Orders events, drops doubles and older attempts, notices holes. */
export class RunView {
  attempt = 0;
  seq = 0;
  text = '';
  /** The events of the newest attempt, without a hole. */
  events: RunEvent[] = [];
  ended: End | undefined;
  /** The text that was shown bit by bit before the end; undefined where the end alone was shown. */
  joined: string | undefined;

  /** Shows events up to the first hole. A terminal event that stands alone was made from the row. */
  static of(events: RunEvent[]): RunView {
    const view = new RunView();
    const [first] = events;
    if (first !== undefined && isTerminal(first)) view.replace(first);
    for (const event of events) if (!view.take(event)) break;
    return view;
  }

  /** Takes an event. Returns false when something before it is missing and `resume` must bring it. */
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

  /** Takes an event whatever was before it: the answer of `resume` when the log has expired. */
  replace(event: RunEvent): void {
    this.#show(event, false);
  }

  /** @param follows whether it goes on with what is shown */
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

/** What a client shows of many events of one run: its newest attempt, by seq, each number once; holes stay. */
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
