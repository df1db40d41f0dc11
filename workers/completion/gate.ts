import type { Verdict } from '../../db/models/turn.ts';
import { Withheld } from './verdict.ts';

/** Where the model's text goes: straight to the user, past the guard, or behind the gate. Its signal tells that the model may stop. */
export type Outlet = {
  signal: AbortSignal;
  write: (delta: string) => void;
  end: () => Promise<void>;
  close: () => void;
};

/** Holds an answer back until the question's verdict is there: then all of it goes on, or none. */
export class Gate implements Outlet {
  /** Aborts as the inner outlet does, or where the answer must not go on. */
  readonly signal: AbortSignal;
  readonly #inner: Outlet;
  readonly #stop = new AbortController();
  readonly #opened: Promise<void>;
  #held = '';
  #open = false;
  #closed = false;

  constructor(inner: Outlet, verdict: Promise<Pick<Verdict, 'flagged'>>) {
    this.#inner = inner;
    this.signal = AbortSignal.any([inner.signal, this.#stop.signal]);
    this.#opened = verdict.then(({ flagged }) => this.#judged(flagged));
    this.#opened.catch((err: unknown) => this.#stop.abort(err));
  }

  write(delta: string): void {
    if (this.#open) this.#inner.write(delta);
    else this.#held += delta;
  }

  /** Resolves when all of the answer is shown. @throws Withheld; the signal's reason when it aborts */
  async end(): Promise<void> {
    const gone = Promise.withResolvers<never>();
    const leave = () => gone.reject(this.signal.reason);
    this.signal.addEventListener('abort', leave, { once: true });
    try {
      this.signal.throwIfAborted();
      await Promise.race([this.#opened, gone.promise]);
    } finally {
      this.signal.removeEventListener('abort', leave);
    }
    await this.#inner.end();
  }

  close(): void {
    this.#closed = true;
    this.#held = '';
    this.#inner.close();
  }

  #judged(flagged: boolean): void {
    // The run may have been given back meanwhile.
    if (this.#closed) return;
    if (flagged) throw new Withheld('question');
    this.#open = true;
    if (this.#held !== '') this.#inner.write(this.#held);
    this.#held = '';
  }
}
