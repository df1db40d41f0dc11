import type { Verdict } from '../../db/models/turn.ts';
import { Withheld } from './verdict.ts';

/** Target of the model's text: the user, the guard or the gate. When its signal aborts, the model may stop. */
export type Outlet = {
  signal: AbortSignal;
  write: (delta: string) => void;
  end: () => Promise<void>;
  close: () => void;
};

/** Holds an answer back until the question's verdict comes. Then passes on all of the answer, or none. */
export class Gate implements Outlet {
  /** Aborts with the inner outlet, or when the answer must stop. */
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
    // The run may have been released meanwhile.
    if (this.#closed) return;
    if (flagged) throw new Withheld('question');
    this.#open = true;
    if (this.#held !== '') this.#inner.write(this.#held);
    this.#held = '';
  }
}
