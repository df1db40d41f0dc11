import { explainRun, type RunExplanation } from '../../db/models/runExplanation.ts';
import { type By, noted } from '../accounts/noted.ts';
import { found } from '../base/errors.ts';

/** Returns what operators may see of any user's run. Notes the view in the audit log. @throws Problem `not_found` */
export async function explained(by: By, runId: number): Promise<RunExplanation> {
  const run = found(await explainRun(runId));
  await noted(by, 'run.explained', { subject_id: run.user_id })(run.id);
  return run;
}
