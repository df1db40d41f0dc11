import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';

/** One request as `GET /_calls` shows it. */
export type Call = {
  path: string;
  model: string;
  /** hashOf() the last user text, or of the inputs joined by line breaks. */
  text_hash: string;
  /** Number of this call among calls of this path with this text, from 1. */
  count: number;
  /** Texts in the request: 1, or the size of an embedding batch. */
  inputs: number;
  /** Content chunks sent so far. */
  chunks: number;
  /** Whether a pause holds the call now. */
  held: boolean;
  /** Whether the client closed the connection before the answer's end. */
  aborted: boolean;
  /** Whether the answer ended as intended. */
  ended: boolean;
};

/** Returns the hash in Call.text_hash. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

// Enough for any test; limits the memory of a stand-in that runs for weeks.
const KEPT = 10_000;

/** The requests so far and the pause that holds their chunks. */
export class Calls {
  #calls: Call[] = [];
  #counts = new Map<string, number>();
  #pause: { after: number; older: Set<Call> } | undefined;
  #changes = new EventEmitter().setMaxListeners(0);

  /** Records a request. */
  open(path: string, model: string, text: string, inputs = 1): Call {
    const text_hash = hashOf(text);
    const key = `${path} ${text_hash}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    const call = {
      path,
      model,
      text_hash,
      count,
      inputs,
      chunks: 0,
      held: false,
      aborted: false,
      ended: false,
    };
    this.#calls.push(call);
    if (this.#calls.length > KEPT) this.#calls.shift();
    if (this.#counts.size > KEPT) this.#counts.delete(this.#counts.keys().next().value ?? '');
    this.note(call, {});
    return call;
  }

  /** Changes a recorded call and wakes its waiters. */
  note(call: Call, change: Partial<Call>): void {
    Object.assign(call, change);
    this.#changes.emit('change');
  }

  list(): Call[] {
    return this.#calls.map((call) => ({ ...call }));
  }

  /** Resolves when the calls satisfy the check. Rejects with an AbortError when the signal aborts. */
  async until(check: (calls: Call[]) => boolean, signal: AbortSignal): Promise<void> {
    while (!check(this.list())) await once(this.#changes, 'change', { signal });
  }

  /** Holds every chunk from now on. @param after instead, holds each new stream after this number of chunks */
  pause(after?: number): void {
    const running = after === undefined ? [] : this.#calls.filter((call) => !call.ended && !call.aborted);
    this.resume();
    this.#pause = { after: after ?? 0, older: new Set(running) };
  }

  resume(): void {
    this.#pause = undefined;
    this.#changes.emit('resume');
  }

  /** Clears calls and counts, and ends a pause. */
  reset(): void {
    this.#calls = [];
    this.#counts.clear();
    this.resume();
  }

  /** Waits while a pause holds the next chunk of this call. Rejects with an AbortError when the client is gone. */
  async pass(call: Call, signal: AbortSignal): Promise<void> {
    while (this.#pause && call.chunks >= this.#pause.after && !this.#pause.older.has(call)) {
      const resumed = once(this.#changes, 'resume', { signal });
      this.note(call, { held: true });
      await resumed.finally(() => this.note(call, { held: false }));
    }
  }
}
