/**
 * Keeps this process from asking again and again for what does not come. It opens after failures in a row; while it is open
 * nothing is asked, and then one call at a time tries whether it comes again.
 */
export class Breaker {
  readonly #opensAt: number;
  readonly #firstMs: number;
  readonly #mostMs: number;
  #failures = 0;
  #openUntil = 0;
  #trying = false;

  /** @param opensAt failures in a row that open it @param firstMs how long at first; twice as long each time, `mostMs` at most */
  constructor(opensAt: number, firstMs: number, mostMs: number) {
    this.#opensAt = opensAt;
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** Whether a call may be made. The caller then says how it ended, by `succeeded` or `failed`. */
  mayAsk(now = performance.now()): boolean {
    if (this.#failures < this.#opensAt) return true;
    if (now < this.#openUntil || this.#trying) return false;
    this.#trying = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trying = false;
  }

  /** @param ms how long it is to stay open at least, of what the other side asked for */
  failed(ms = 0, now = performance.now()): void {
    this.#failures += 1;
    this.#trying = false;
    if (ms > 0) this.#failures = Math.max(this.#failures, this.#opensAt);
    if (this.#failures < this.#opensAt) return;
    const doubled = this.#firstMs * 2 ** Math.min(20, this.#failures - this.#opensAt);
    this.#openUntil = now + Math.min(this.#mostMs, Math.max(ms, doubled));
  }
}
