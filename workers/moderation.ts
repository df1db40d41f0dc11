import type { Job } from 'bullmq';
import { loadTurn, saveVerdict, type Verdict } from '../db/models/turn.ts';
import { cacheKey, remember } from '../shared/cache.ts';
import type { Payloads } from '../shared/jobs.ts';
import { killPoint } from '../shared/killpoint.ts';
import { moderationModel } from '../shared/provider/config.ts';
import { moderate } from '../shared/provider/moderation.ts';

/** Asks whether a run's question is allowed and leaves the verdict on the run. */
export async function moderation(job: Job<Payloads['moderation']>): Promise<void> {
  const turn = await loadTurn(job.data.run_id);
  if (turn === null || turn.moderation !== null || turn.status !== 'queued') return;
  const verdict = await verdictOn(turn.question);
  killPoint('moderation.decided', turn.run_id);
  await saveVerdict(turn.run_id, verdict);
  killPoint('moderation.saved', turn.run_id);
}

/** Seconds that a verdict on a text serves for the same text. */
const VERDICT_TTL = 86_400;

/** Whether a text is allowed; asked once a day for the same text. @throws ProviderError */
export async function verdictOn(text: string): Promise<Verdict> {
  const model = moderationModel();
  if (model === null) return moderate(text);
  const key = cacheKey('verdict', model.by === 'chat' ? `chat:${model.name}` : model.name, text);
  return (await remember(key, VERDICT_TTL, () => moderate(text))).value;
}
