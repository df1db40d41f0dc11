import type { Job } from 'bullmq';
import { historyBefore } from '../db/models/message.ts';
import { loadTurn, saveContext } from '../db/models/turn.ts';
import { env } from '../shared/base/env.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { killPoint } from '../shared/ops/killpoint.ts';
import { decideContext } from '../shared/prompt/decide.ts';

/** Selects the content of a run's prompt, within the token budget. Stores the selection on the run. */
export async function context(job: Job<Payloads['context']>): Promise<void> {
  const turn = await loadTurn(job.data.run_id);
  if (turn === undefined || turn.context !== null || turn.status !== 'queued') return;
  const limit = turn.assistant?.history_limit ?? env.HISTORY_LIMIT;
  const history = () => historyBefore(turn.conversation_id, turn.message_id, limit);
  const { built, questionTokens } = await decideContext(turn, history);
  killPoint('context.built', turn.run_id);
  await saveContext(turn, built, questionTokens);
  killPoint('context.saved', turn.run_id);
}
