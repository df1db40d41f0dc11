import { asSaid, splitAtEscape } from '../../shared/prompt/escape.ts';
import type { Outlet } from './gate.ts';

/** Shows `<` where the model copies the prompt's `&lt;`. Holds back the beginning of an escape until the next piece. */
export class Plain implements Outlet {
  readonly signal: AbortSignal;
  readonly #inner: Outlet;
  #held = '';

  constructor(inner: Outlet) {
    this.#inner = inner;
    this.signal = inner.signal;
  }

  write(delta: string): void {
    const [whole, begun] = splitAtEscape(this.#held + delta);
    this.#held = begun;
    if (whole !== '') this.#inner.write(asSaid(whole));
  }

  end(): Promise<void> {
    if (this.#held !== '') this.#inner.write(this.#held);
    this.#held = '';
    return this.#inner.end();
  }

  close(): void {
    this.#inner.close();
  }
}
