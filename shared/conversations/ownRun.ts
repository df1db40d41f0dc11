import { cancelRun } from '../../db/models/run.ts';
import { explainRun, type RunExplanation } from '../../db/models/runExplanation.ts';
import { findRun, type RunRow } from '../../db/models/runView.ts';
import { type By, noted } from '../accounts/noted.ts';
import { found } from '../base/errors.ts';
import { settleInBackground } from '../delivery/runs.ts';

/** Returns a user's run. @throws Problem `not_found` */
export async function ownRun(userId: number, runId: number): Promise<RunRow> {
  return found(await findRun(runId, userId));
}

/**
 * Cancels a user's run, for HTTP and sockets. A run that has not begun ends here; a running one ends within a second.
 * @returns the run afterwards, and whether the cancel changed anything
 * @throws Problem `not_found`
 */
export async function cancel(userId: number, runId: number): Promise<{ run: RunRow; changed: boolean }> {
  const cancelled = await cancelRun(runId, userId);
  if (cancelled?.ended) settleInBackground({ ...cancelled, ended: [runId] });
  const run = await ownRun(userId, runId);
  return { run, changed: cancelled?.ended === true || run.completed_at === null };
}

/** Returns what operators may see of any user's run. Notes the view in the audit log. @throws Problem `not_found` */
export async function explained(by: By, runId: number): Promise<RunExplanation> {
  const run = found(await explainRun(runId));
  await noted(by, 'run.explained', { subject_id: run.user_id })(run.id);
  return run;
}
