/** Aborts a call when its next byte is late, or when the whole call takes too long. Times in ms. */
export class Watchdog {
  readonly signal: AbortSignal;
  readonly #overdue = new AbortController();
  #whole: NodeJS.Timeout | undefined;
  #step: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal) {
    this.signal = AbortSignal.any([caller, this.#overdue.signal]);
  }

  /** Aborts `ms` from now, unless another call of `expect` comes first. */
  expect(ms: number): void {
    clearTimeout(this.#step);
    this.#step = setTimeout(() => this.abort(), ms);
  }

  /** Aborts `ms` after the first call of `expectAll`. */
  expectAll(ms: number): void {
    this.#whole ??= setTimeout(() => this.abort(), ms);
  }

  fired(): boolean {
    return this.#overdue.signal.aborted;
  }

  stop(): void {
    clearTimeout(this.#whole);
    clearTimeout(this.#step);
  }

  abort(): void {
    this.#overdue.abort();
  }
}
