import type { RunRow } from '../../db/models/runView.ts';

/** A run as its owner sees it. That it waits behind another one is our matter: it is queued. */
export function presentRun(run: RunRow) {
  return {
    id: run.id,
    status: run.status === 'waiting' ? 'queued' : run.status,
    attempt: run.attempt,
    conversation_id: run.conversation_id,
    message_id: run.message_id,
    reply_id: run.reply_id,
    model: run.model,
    usage: run.usage,
    error: run.error,
    sources: run.sources,
    created_at: run.created_at.toISOString(),
    started_at: run.started_at?.toISOString() ?? null,
    completed_at: run.completed_at?.toISOString() ?? null,
  };
}
