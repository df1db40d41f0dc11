import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '../../db/models/run.ts';
import { countTimeout, failSlowRun, timeoutsOf } from '../../db/models/runTimeouts.ts';
import { log } from '../../shared/base/log.ts';
import { isUnreachable, ranTooLong } from '../../shared/base/errors.ts';

/** Statements of one run that may exceed the time limit; first wait afterwards, in ms. */
const LIMIT = 5;
const FIRST_WAIT = 500;
/** Wait while Postgres is unreachable, in ms. */
const AWAY = 1_000;
/** Ms between two tries of a statement whose result must be known. */
const PAUSE = 500;

/** A run's statements exceeded the time limit too often. */
export class TooSlow extends Error {
  constructor(cause: unknown) {
    super('statements of this run exceed the time limit', { cause });
    this.name = 'TooSlow';
  }
}

/**
 * Counts in Postgres a run's statement that exceeded its time limit. A stored count shows that the statement is too
 * slow. A failed count shows that Postgres is unreachable.
 * @returns ms to wait before the next try; null: the limit is reached
 */
export async function afterTimeout(runId: number): Promise<number | null> {
  try {
    const count = await countTimeout(runId);
    return count >= LIMIT ? null : FIRST_WAIT * 2 ** Math.max(0, count - 1);
  } catch (err) {
    if (!isUnreachable(err)) throw err;
    return AWAY;
  }
}

/** Returns whether a run failed because its statements are too slow. */
export async function wasTooSlow(runId: number): Promise<boolean> {
  return (await timeoutsOf(runId)) >= LIMIT;
}

/**
 * Repeats a statement until Postgres answers: while it is unreachable, no other worker can claim the run.
 * @throws TooSlow when the statement exceeds its time limit too often. Whether it was committed then is unknown
 */
export async function patiently<T>(runId: number, statement: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await statement();
    } catch (err) {
      if (!isUnreachable(err)) throw err;
      log.warn({ err, run_id: runId }, 'Postgres did not answer; tried again');
      const wait = ranTooLong(err) ? await afterTimeout(runId) : PAUSE;
      if (wait === null) throw new TooSlow(err);
      await sleep(wait);
    }
  }
}

/**
 * Ends a run as failed whose statements are too slow. The row decides whether it may: an end that seemed to time out may have
 * been committed.
 * @param held the caller's attempt and its text; null: the caller could not claim the run
 * @returns the run to deliver next; undefined when nothing changed, or when this statement is too slow as well
 */
export async function giveUp(
  runId: number,
  held: { attempt: number; content: string } | null,
): Promise<{ next: Delivery | null } | undefined> {
  for (let tries = 1; tries <= LIMIT; tries += 1) {
    try {
      return await failSlowRun(runId, held, LIMIT);
    } catch (err) {
      if (!isUnreachable(err)) throw err;
      log.warn({ err, run_id: runId }, 'Slow run not ended; tried again');
      await sleep(PAUSE);
    }
  }
  return undefined;
}
