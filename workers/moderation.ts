import type { Job } from 'bullmq';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { verdictOn } from '../shared/provider/moderation.ts';
import { verdictOnAll } from './completion/verdict.ts';
import { loadForModeration, storeVerdict } from './together.ts';

/** Moderates a run's question. Stores the verdict on the run. */
export async function moderation(job: Job<Payloads['moderation']>): Promise<void> {
  const turn = await loadForModeration(job);
  if (turn === undefined || turn.moderation !== null || turn.status !== 'queued') return;
  const verdict = await verdictOnAll(turn, (text) => verdictOn(text, turn.user_id));
  killPoint('moderation.decided', turn.run_id);
  await storeVerdict(job, turn, verdict);
  killPoint('moderation.saved', turn.run_id);
}
