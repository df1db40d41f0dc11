import { row } from '../sql.ts';
import type { AssistantRef } from './assistant.ts';

export type RunStatus =
  | 'waiting'
  | 'queued'
  | 'in_progress'
  | 'completed'
  | 'incomplete'
  | 'failed'
  | 'cancelled';
export type Usage = { prompt_tokens: number; completion_tokens: number; total_tokens: number };
export type Source = { faq_id: number; question: string; similarity: number };

export type RunRow = {
  id: number;
  user_id: number;
  status: RunStatus;
  attempt: number;
  last_seq: number;
  conversation_id: number;
  message_id: number;
  reply_id: number;
  content: string;
  model: string | null;
  assistant: AssistantRef | null;
  finish_reason: string | null;
  usage: Usage | null;
  error: { code: string; message: string } | null;
  /** What the answer cites; see ANSWER_CHECK. */
  sources: Source[];
  /** All passages that its model was given. */
  offered: Source[];
  created_at: Date;
  started_at: Date | null;
  completed_at: Date | null;
};

/** Returns a user's run with its reply's text; undefined when the user has no such run, or deleted its conversation. */
export function findRun(runId: number, userId: number): Promise<RunRow | undefined> {
  return row(
    `${runRows} JOIN conversations c ON c.id = r.conversation_id
     WHERE r.id = :runId AND r.user_id = :userId AND c.deleted_at IS NULL`,
    { runId, userId },
  );
}

/** Returns an ended run whose terminal event nobody has announced yet; undefined for any other. */
export function findUnannounced(runId: number): Promise<(RunRow & { completed_at: Date }) | undefined> {
  return row(`${runRows} WHERE r.id = :runId AND r.completed_at IS NOT NULL AND r.announced_at IS NULL`, {
    runId,
  });
}

const runRows = `
  SELECT r.id, r.user_id, r.status, r.attempt, r.last_seq, r.conversation_id, r.message_id, r.reply_id,
    reply.content, r.model, ${assistantRef('r')} AS assistant, r.finish_reason, r.sources, ${offered('r')} AS offered,
    CASE WHEN r.total_tokens IS NOT NULL THEN jsonb_build_object('prompt_tokens', r.prompt_tokens,
      'completion_tokens', r.completion_tokens, 'total_tokens', r.total_tokens) END AS usage,
    CASE WHEN r.error_code IS NOT NULL THEN jsonb_build_object('code', r.error_code, 'message', r.error_message)
      END AS error,
    r.created_at, r.started_at, r.completed_at
  FROM runs r JOIN messages reply ON reply.id = r.reply_id`;

/** Returns SQL of the passages that a run's model was given; none for a refused question. */
function offered(runs: string): string {
  return `CASE WHEN ${runs}.model IS NULL THEN '[]' ELSE coalesce((SELECT jsonb_agg(passage - 'answer' ORDER BY place)
    FROM jsonb_array_elements(${runs}.context -> 'passages') WITH ORDINALITY AS given (passage, place)), '[]') END`;
}

/** Returns SQL of the version that answers a run, {id, version}, or NULL. */
export function assistantRef(runs: string): string {
  return `CASE WHEN ${runs}.assistant_id IS NOT NULL
    THEN jsonb_build_object('id', ${runs}.assistant_id, 'version', ${runs}.assistant_version) END`;
}
