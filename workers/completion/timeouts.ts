import { countTimeout, timeoutsOf } from '../../db/models/runTimeouts.ts';
import { isUnreachable } from '../../shared/base/errors.ts';

/** Statements of one run that may exceed the time limit; first wait afterwards, in ms. */
const LIMIT = 5;
const FIRST_WAIT = 500;
/** Wait while Postgres is unreachable, in ms. */
const AWAY = 1_000;

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
