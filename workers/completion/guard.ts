import type { Verdict } from '../../db/models/turn.ts';
import { env } from '../../shared/base/env.ts';
import { log } from '../../shared/base/log.ts';
import { guardWindows } from '../../shared/ops/metrics.ts';
import { personalIn, redactUnknown } from '../../shared/knowledge/redact.ts';
import { Harmless } from './harmless.ts';
import { patientVerdict, Withheld } from './verdict.ts';
import { whereToCut } from './windows.ts';

/** Windows of one answer in moderation at once. Text that comes meanwhile forms the next window. */
const AT_ONCE = 3;
/** Characters before a window that moderation also reads, to find text that spans two windows. */
const RUN_UP = 200;
/** Maximum characters of a window. */
const MOST = 4_000;
/** Ms to hold text without a sentence end. After that, text up to the last whole word goes on. */
const PATIENCE = 2_000;
/**
 * Checks an answer in windows of whole sentences before it is shown. Redacts personal data that is not in the passages, and
 * removes images of other hosts and raw HTML. Moderation must allow the rest. Several windows are in moderation at once, and
 * are shown in order.
 */
export class Guard {
  /** Aborts with the caller's reason, or with a Withheld. The model may then stop. */
  readonly signal: AbortSignal;
  readonly #show: (text: string) => void;
  readonly #known: Set<string>;
  readonly #userId: number;
  readonly #harmless = new Harmless(env.PUBLIC_URL);
  readonly #stop = new AbortController();
  #held = '';
  #runUp = '';
  #judging = 0;
  #ended = false;
  #shown: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param passages the prompt's passages; their personal data may be shown
   * @param userId the question's user; verdicts are cached per user
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

  /** Checks the rest. Resolves when all of the answer is shown. @throws Withheld; the signal's reason when it aborts */
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

  /** Stops the guard: no more text is shown, whatever moderation says. */
  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  /** Waits until all windows are shown: each shown window may start another. */
  async #allShown(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#shown; ) {
      last = this.#shown;
      await last;
    }
  }

  /** Starts the check of as much text as possible. @param overdue whether the text was held for PATIENCE */
  #advance(overdue: boolean): void {
    while (this.#judging < AT_ONCE && this.#held !== '' && !this.signal.aborted) {
      const part = this.#held.slice(0, MOST);
      const whole = this.#ended && part.length === this.#held.length;
      const end = whole ? part.length : Harmless.whereToCut(part, whereToCut(part, overdue));
      if (end === 0) break;
      this.#judge(part.slice(0, end));
      this.#held = this.#held.slice(end);
      this.#patience();
    }
    if (this.#timer === undefined) this.#patience();
  }

  /** Starts the timer of the held text. */
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
    const text = redactUnknown(this.#harmless.next(window), this.#known);
    const verdict = isBlank(text)
      ? ALLOWED
      : patientVerdict(`${this.#runUp}${text}`, this.#userId, this.signal);
    // The verdict is awaited in the window's turn, which may never come. Without this line the rejection would then end the
    // process.
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
        log.info({ categories }, 'Answer withheld; a polite reply takes its place');
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
