import type { Job } from 'bullmq';
import { loadTurn, saveVerdict, type Verdict } from '../db/models/turn.ts';
import { cacheKey, remember } from '../shared/delivery/cache.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { moderationModel } from '../shared/provider/config.ts';
import { moderate } from '../shared/provider/moderation.ts';

/** Asks whether a run's question is allowed and leaves the verdict on the run. */
export async function moderation(job: Job<Payloads['moderation']>): Promise<void> {
  const turn = await loadTurn(job.data.run_id);
  if (turn === null || turn.moderation !== null || turn.status !== 'queued') return;
  const verdict = await verdictOn(turn.question, turn.user_id);
  killPoint('moderation.decided', turn.run_id);
  await saveVerdict(turn.run_id, verdict);
  killPoint('moderation.saved', turn.run_id);
}

/** Seconds that a verdict on a text serves for the same text of the same user. */
const VERDICT_TTL = 3_600;

/** Whether a text of a user, or of an answer to them, is allowed; asked once an hour for the same text. @throws ProviderError */
export async function verdictOn(text: string, user_id: number): Promise<Verdict> {
  const model = moderationModel();
  if (model === null) return moderate(text);
  const name = model.by === 'chat' ? `chat:${model.name}` : model.name;
  const key = cacheKey('verdict', { user_id }, name, text);
  return (await remember(key, VERDICT_TTL, () => moderate(text))).value;
}
