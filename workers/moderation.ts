import type { Job } from 'bullmq';
import { loadTurn, saveVerdict } from '../db/models/turn.ts';
import type { Payloads } from '../shared/jobs.ts';
import { moderate } from '../shared/llm.ts';

/** Asks whether a run's question is allowed and leaves the verdict on the run. */
export async function moderation(job: Job<Payloads['moderation']>): Promise<void> {
  const turn = await loadTurn(job.data.run_id);
  if (turn === null || turn.moderation !== null || turn.status !== 'queued') return;
  await saveVerdict(turn.run_id, await moderate(turn.question));
}
