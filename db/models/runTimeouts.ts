import { row } from '../sql.ts';

/** Counts that a statement for a run ran into its time limit; returns how often one did, 0 for a run that has ended. */
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
