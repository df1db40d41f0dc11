import type { Job } from 'bullmq';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { decideContext } from '../shared/prompt/decide.ts';
import { loadForContext, storeContext } from './together.ts';

/** Selects the content of a run's prompt, within the token budget. Stores the selection on the run. */
export async function context(job: Job<Payloads['context']>): Promise<void> {
  const turn = await loadForContext(job);
  if (turn === undefined || turn.context !== null || turn.status !== 'queued') return;
  await storeContext(job, turn, async (save) => {
    const { built, questionTokens } = await decideContext(turn, async () => turn.history, turn.faqs);
    killPoint('context.built', turn.run_id);
    await save(built, questionTokens);
  });
  killPoint('context.saved', turn.run_id);
}
