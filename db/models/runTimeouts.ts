import { row } from '../sql.ts';

/** Counts a timeout of a statement for a run. Returns the run's timeouts so far; 0 for an ended run. */
export async function countTimeout(runId: number): Promise<number> {
  const counted = await row<{ timeouts: number }>(
    'UPDATE runs SET timeouts = timeouts + 1 WHERE id = :runId AND completed_at IS NULL RETURNING timeouts',
    { runId },
  );
  return counted?.timeouts ?? 0;
}

export async function timeoutsOf(runId: number): Promise<number> {
  const found = await row<{ timeouts: number }>('SELECT timeouts FROM runs WHERE id = :runId', { runId });
  return found?.timeouts ?? 0;
}
