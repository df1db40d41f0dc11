import { setTimeout as sleep } from 'node:timers/promises';
import { saveVerdict, type Turn, type Verdict } from '../../db/models/turn.ts';
import { verdictOn } from '../../shared/provider/moderation.ts';
import { ProviderError } from '../../shared/provider/providerErrors.ts';

/** Tries of a failing moderation; first and longest wait, in ms. */
const TRIES = 4;
const RETRY_FIRST = 400;
const RETRY_LONGEST = 5_000;

/** Stops an answer: question or answer is not allowed, or moderation gives no verdict. */
export class Withheld extends Error {
  readonly why: 'question' | 'flagged' | 'unchecked';
  constructor(why: Withheld['why'], cause?: unknown) {
    super(why, { cause });
    this.name = 'Withheld';
    this.why = why;
  }
}

/** Stops an answer until moderation may be asked again. */
export class Postponed extends Error {
  readonly trouble: ProviderError;
  constructor(trouble: ProviderError) {
    super('moderation asks for a later call', { cause: trouble });
    this.name = 'Postponed';
    this.trouble = trouble;
  }
}

/**
 * Returns moderation's verdict. Retries while moderation is unavailable.
 * @param postpones whether the run can wait for a moderation that asks for a later call
 * @throws Withheld after the last try; Postponed
 */
export async function patientVerdict(
  text: string,
  userId: number,
  signal: AbortSignal,
  postpones = false,
): Promise<Verdict> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await verdictOn(text.toWellFormed(), userId);
    } catch (err) {
      if (postpones && err instanceof ProviderError && err.comeBack) {
        if (tries === TRIES || err.retryAfterMs > RETRY_LONGEST) throw new Postponed(err);
      }
      const hopeless = !(err instanceof ProviderError) || err.trouble === 'rejected';
      if (hopeless || tries === TRIES) throw new Withheld('unchecked', err);
      const wait = Math.max(err.retryAfterMs, RETRY_FIRST * 2 ** (tries - 1));
      await sleep(Math.min(wait, RETRY_LONGEST), undefined, { signal });
    }
  }
}

/**
 * Moderates a run's question beside its answer. Stores and returns the verdict.
 * @param signal aborts when this worker no longer answers the run
 * @throws Withheld, Postponed; Postgres's errors
 */
export async function judgeBeside(turn: Turn, signal: AbortSignal): Promise<Verdict> {
  const verdict = await verdictOnAll(turn, (text) => patientVerdict(text, turn.user_id, signal, true));
  await saveVerdict(turn, verdict);
  return verdict;
}

/** Maximum characters of a text to judge: those of a message. */
const LONGEST = 16_000;

/** Returns the verdict on a question and all messages that joined it; neighbours are judged together. @throws as `judge` does */
export async function verdictOnAll(
  { question, parts }: Pick<Turn, 'question' | 'parts'>,
  judge: (text: string) => Promise<Verdict>,
): Promise<Verdict> {
  const texts: string[] = [];
  for (const part of parts ?? [question]) {
    const longer = `${texts.at(-1) ?? ''}\n\n${part}`;
    if (texts.length > 0 && longer.length <= LONGEST) texts.splice(-1, 1, longer);
    else texts.push(part);
  }
  const verdicts = await Promise.all(texts.map(judge));
  const worst = verdicts.find(({ flagged }) => flagged) ?? verdicts[0];
  if (worst === undefined) throw new Error('nothing to judge');
  return { ...worst, categories: [...new Set(verdicts.flatMap(({ categories }) => categories))] };
}
