import { setTimeout as sleep } from 'node:timers/promises';
import { saveVerdict, type Turn, type Verdict } from '../../db/models/turn.ts';
import { ProviderError } from '../../shared/provider/providerErrors.ts';
import { verdictOn } from '../moderation.ts';

/** Of a moderation that fails: how often it is asked, the first wait and the longest, in ms. */
const TRIES = 4;
const RETRY_FIRST = 400;
const RETRY_LONGEST = 5_000;

/** An answer that must not go on: the question or the answer is not allowed, or it cannot be found out. */
export class Withheld extends Error {
  readonly why: 'question' | 'flagged' | 'unchecked';
  constructor(why: Withheld['why'], cause?: unknown) {
    super(why, { cause });
    this.name = 'Withheld';
    this.why = why;
  }
}

/** Moderation's verdict, asked for again while it is unavailable. @throws Withheld when it stays so */
export async function patientVerdict(text: string, userId: number, signal: AbortSignal): Promise<Verdict> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await verdictOn(text.toWellFormed(), userId);
    } catch (err) {
      const hopeless = !(err instanceof ProviderError) || err.trouble === 'rejected';
      if (hopeless || tries === TRIES) throw new Withheld('unchecked', err);
      const wait = Math.max(err.retryAfterMs, RETRY_FIRST * 2 ** (tries - 1));
      await sleep(Math.min(wait, RETRY_LONGEST), undefined, { signal });
    }
  }
}

/** Judges a run's question while its answer is being made, and leaves the verdict on the run. @throws Withheld; what Postgres throws */
export async function judgeBeside(turn: Turn, signal: AbortSignal): Promise<Verdict> {
  const verdict = await patientVerdict(turn.question, turn.user_id, signal);
  await saveVerdict(turn.run_id, verdict);
  return verdict;
}
