/** Aborts a call whose next byte is overdue, or that takes too long as a whole. All times in ms. */
export class Watchdog {
  readonly signal: AbortSignal;
  readonly #overdue = new AbortController();
  #whole: NodeJS.Timeout | undefined;
  #step: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal) {
    this.signal = AbortSignal.any([caller, this.#overdue.signal]);
  }

  /** Something has to come within so many ms from now. */
  expect(ms: number): void {
    clearTimeout(this.#step);
    this.#step = setTimeout(() => this.abort(), ms);
  }

  /** Everything has to be there within so many ms from the first call of this. */
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
