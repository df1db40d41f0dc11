import { breakerOpen } from '../ops/metrics.ts';

/** Stops this process's calls after failures in a row. After a wait it lets one call at a time through, as a trial. */
export class Breaker {
  readonly #opensAt: number;
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #calls: string;
  #failures = 0;
  #openUntil = 0;
  #trying = false;

  /** @param opensAt failures in a row that open the breaker @param firstMs first wait; doubles each time, up to `mostMs`
   * @param calls what the metric calls it */
  constructor(opensAt: number, firstMs: number, mostMs: number, calls = 'other') {
    this.#calls = calls;
    this.#opensAt = opensAt;
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** Returns whether a call may be made. After true, the caller must report the outcome by `succeeded` or `failed`. */
  mayAsk(now = performance.now()): boolean {
    if (this.#failures < this.#opensAt) return true;
    if (now < this.#openUntil || this.#trying) return false;
    this.#trying = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trying = false;
    breakerOpen.set({ calls: this.#calls }, 0);
  }

  /** @param ms the wait that the other side asked for; above 0 it opens the breaker at once */
  failed(ms = 0, now = performance.now()): void {
    this.#failures += 1;
    this.#trying = false;
    if (ms > 0) this.#failures = Math.max(this.#failures, this.#opensAt);
    if (this.#failures < this.#opensAt) return;
    breakerOpen.set({ calls: this.#calls }, 1);
    const doubled = this.#firstMs * 2 ** Math.min(20, this.#failures - this.#opensAt);
    this.#openUntil = now + Math.min(this.#mostMs, Math.max(ms, doubled));
  }
}
