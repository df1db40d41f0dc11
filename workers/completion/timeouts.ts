import { countTimeout, timeoutsOf } from '../../db/models/runTimeouts.ts';
import { isUnreachable } from '../../shared/base/errors.ts';

/** How often a statement for one run may run into its time limit, and how long the first wait after it is, in ms. */
const LIMIT = 5;
const FIRST_WAIT = 500;
/** The wait where Postgres is away, in ms. */
const AWAY = 1_000;

/**
 * Counts in Postgres that a statement for a run ran into its time limit. A count that Postgres takes shows that it is
 * there, and that the statement itself is too slow; where it takes none it is away, and nothing is counted.
 * @returns how many ms to wait before the next try; null: there have been enough
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

/** Says whether a run was given up because its statements are too slow. */
export async function wasTooSlow(runId: number): Promise<boolean> {
  return (await timeoutsOf(runId)) >= LIMIT;
}
