import { row } from '../sql.ts';
import type { Delivery } from './run.ts';

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

/**
 * Ends a run as failed whose statements timed out `limit` times; see fail_slow_run.
 * @param held the caller's attempt and its text; null: the caller could not claim the run
 * @returns the run to deliver next; undefined when nothing changed: the run has ended, or somebody else holds it
 */
export function failSlowRun(
  runId: number,
  held: { attempt: number; content: string } | null,
  limit: number,
): Promise<{ next: Delivery | null } | undefined> {
  return row('SELECT * FROM fail_slow_run(:runId, :attempt, :content, :limit)', {
    runId,
    attempt: held?.attempt ?? null,
    content: held?.content ?? null,
    limit,
  });
}
