import type { Verdict } from '../../db/models/turn.ts';
import { log } from '../../shared/base/log.ts';
import { guardWindows } from '../../shared/ops/metrics.ts';
import { personalIn, redactUnknown } from '../../shared/knowledge/redact.ts';
import { patientVerdict, Withheld } from './verdict.ts';
import { whereToCut } from './windows.ts';

/** Windows of one answer that are being judged at the same time; what comes meanwhile is judged together. */
const AT_ONCE = 3;
/** Characters before a window that moderation is shown with it, so that nothing hides between two. */
const RUN_UP = 200;
/** Characters of a window at most. */
const MOST = 4_000;
/** Milliseconds that a text without an end is held; then it is let go up to the last whole word. */
const PATIENCE = 2_000;
/**
 * Holds an answer back until whole sentences of it have been looked at: what is personal and was not in the offered
 * passages is taken out, and moderation has to allow the rest. Reading goes on meanwhile, several windows are judged at
 * once, and they are shown in order.
 */
export class Guard {
  /** Aborts with the caller's reason, or with a Withheld: the model may stop. */
  readonly signal: AbortSignal;
  readonly #show: (text: string) => void;
  readonly #known: Set<string>;
  readonly #userId: number;
  readonly #stop = new AbortController();
  #held = '';
  #runUp = '';
  #judging = 0;
  #ended = false;
  #shown: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param passages what the model was given to cite: what it says of them is no secret
   * @param userId who is answered: verdicts are kept for that user alone
   */
  constructor(
    show: (text: string) => void,
    passages: { question: string; answer: string }[],
    signal: AbortSignal,
    userId = 0,
  ) {
    this.#userId = userId;
    this.#show = show;
    this.#known = personalIn(passages.flatMap(({ question, answer }) => [question, answer]));
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  /** Takes the next piece of the answer. Never waits. */
  write(delta: string): void {
    this.#held += delta;
    this.#advance(false);
  }

  /** Judges what is left. Resolves when all of it is shown. @throws Withheld; the signal's reason when it aborts */
  async end(): Promise<void> {
    this.#ended = true;
    this.#advance(true);
    const gone = Promise.withResolvers<never>();
    const leave = () => gone.reject(this.signal.reason);
    this.signal.addEventListener('abort', leave, { once: true });
    try {
      this.signal.throwIfAborted();
      await Promise.race([this.#allShown(), gone.promise]);
    } finally {
      this.signal.removeEventListener('abort', leave);
    }
  }

  /** From here on nothing is shown any more, whatever moderation says. */
  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  /** Each window that is shown may let the next be judged. */
  async #allShown(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#shown; ) {
      last = this.#shown;
      await last;
    }
  }

  /** Has as much judged as can be. @param overdue it was held for long enough */
  #advance(overdue: boolean): void {
    while (this.#judging < AT_ONCE && this.#held !== '' && !this.signal.aborted) {
      const part = this.#held.slice(0, MOST);
      const whole = this.#ended && part.length === this.#held.length;
      const end = whole ? part.length : whereToCut(part, overdue);
      if (end === 0) break;
      this.#judge(part.slice(0, end));
      this.#held = this.#held.slice(end);
      this.#patience();
    }
    if (this.#timer === undefined) this.#patience();
  }

  /** Begins to wait for the end of what is held. */
  #patience(): void {
    clearTimeout(this.#timer);
    const waits = this.#held !== '' && !this.#ended && !this.signal.aborted;
    this.#timer = waits ? setTimeout(() => this.#overdue(), PATIENCE) : undefined;
  }

  #overdue(): void {
    this.#timer = undefined;
    this.#advance(true);
  }

  #judge(window: string): void {
    const text = redactUnknown(window, this.#known);
    const verdict = isBlank(text)
      ? ALLOWED
      : patientVerdict(`${this.#runUp}${text}`, this.#userId, this.signal);
    // It is waited for in its turn, which may never come.
    verdict.catch(() => {});
    this.#runUp = `${this.#runUp}${text}`.slice(-RUN_UP);
    this.#judging += 1;
    this.#shown = this.#shown.then(async () => {
      const { flagged, categories } = await verdict.catch((err: unknown) => {
        if (!this.signal.aborted) guardWindows.inc({ outcome: 'unchecked' });
        throw err;
      });
      if (this.signal.aborted) return;
      guardWindows.inc({ outcome: flagged ? 'flagged' : text === window ? 'passed' : 'redacted' });
      if (flagged) {
        log.info({ categories }, 'answer withheld');
        throw new Withheld('flagged');
      }
      this.#show(text);
      this.#judging -= 1;
      this.#advance(false);
    });
    this.#shown.catch((err: unknown) => this.#stop.abort(err));
  }
}

const ALLOWED: Promise<Pick<Verdict, 'flagged' | 'categories'>> = Promise.resolve({
  flagged: false,
  categories: [],
});

function isBlank(text: string): boolean {
  return text.trim() === '';
}
