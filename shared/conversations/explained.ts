import { explainRun, type RunExplanation } from '../../db/models/runExplanation.ts';
import { type By, noted } from '../accounts/noted.ts';
import { found } from '../base/errors.ts';

/** What operators may know of any user's run; notes that they looked. Throws `not_found`. */
export async function explained(by: By, runId: number): Promise<RunExplanation> {
  const run = found(await explainRun(runId));
  await noted(by, 'run.explained', { subject_id: run.user_id })(run.id);
  return run;
}
