import type { Job } from 'bullmq';
import { loadAsked, saveContext } from '../db/models/turn.ts';
import { env } from '../shared/base/env.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { decideContext } from '../shared/prompt/decide.ts';

/** Selects the content of a run's prompt, within the token budget. Stores the selection on the run. */
export async function context(job: Job<Payloads['context']>): Promise<void> {
  const turn = await loadAsked(job.data.run_id, env.HISTORY_LIMIT);
  if (turn === undefined || turn.context !== null || turn.status !== 'queued') return;
  const { built, questionTokens } = await decideContext(turn, async () => turn.history, turn.faqs);
  killPoint('context.built', turn.run_id);
  await saveContext(turn, built, questionTokens);
  killPoint('context.saved', turn.run_id);
}
