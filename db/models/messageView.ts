import { row, rows } from '../sql.ts';
import { inConversation } from './message.ts';

/** A message as its owner may see it. */
export type MessageRow = {
  id: number;
  conversation_id: number;
  user_id: number;
  content: string;
  message_type: 'user' | 'assistant' | 'system';
  status: 'pending' | 'streaming' | 'sent' | 'delivered' | 'read' | 'failed' | 'cancelled';
  run_id: number | null;
  tokens_used: number | null;
  model_used: string | null;
  response_time_ms: number | null;
  metadata: Record<string, unknown>;
  created_at: Date;
  delivered_at: Date | null;
  read_at: Date | null;
  /** The reply that this one was made to replace. */
  replaces_id: number | null;
  /** The newest of the replies to the same question, where that is not this one. */
  replaced_by: number | null;
  /** What its reader thinks of it. */
  feedback: 'up' | 'down' | null;
};

/**
 * A page of a conversation's messages. Whose it is must have been asked before.
 * @param afterId the last message of the page before, null for the first page
 */
export function listMessages(
  conversationId: number,
  page: { order: 'asc' | 'desc'; limit: number; afterId: number | null },
): Promise<MessageRow[]> {
  const { order, limit, afterId } = page;
  const further = order === 'asc' ? '>' : '<';
  return rows(
    `SELECT m.id, m.conversation_id, m.user_id, m.content, m.message_type, m.status, m.run_id, m.tokens_used, m.model_used,
       m.response_time_ms, m.metadata, m.created_at, m.delivered_at, m.read_at, m.replaces_id,
       (SELECT max(newer.id) FROM messages newer
        WHERE newer.alternative_of = coalesce(m.alternative_of, m.id) AND newer.id > m.id) AS replaced_by,
       (SELECT rating FROM message_feedback f WHERE f.message_id = m.id AND f.user_id = m.user_id) AS feedback
     FROM messages m WHERE ${inConversation('m')}
       ${afterId === null ? '' : `AND (m.conversation_id, m.id) ${further} (:conversationId, :afterId)`}
     ORDER BY m.conversation_id ${order}, m.id ${order} LIMIT :limit`,
    { conversationId, afterId, limit },
  );
}

/** How far a message has come towards its reader's eyes. Each step implies those before it; none is taken back. */
const STEPS = {
  delivered: { from: ['sent'], times: 'delivered_at = clock_timestamp()' },
  read: {
    from: ['sent', 'delivered'],
    times: 'delivered_at = coalesce(delivered_at, clock_timestamp()), read_at = clock_timestamp()',
  },
};

/**
 * Notes how far a user's message has come. One that is further already stays as it is, and so does one that has not been
 * sent: an unfinished reply, or one that failed or was cancelled. False: no such message of theirs.
 */
export async function markMessage(
  messageId: number,
  userId: number,
  step: keyof typeof STEPS,
): Promise<boolean> {
  const { from, times } = STEPS[step];
  const found = await row(
    `WITH found AS (
       SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.id = :messageId AND m.user_id = :userId AND c.deleted_at IS NULL
     ), marked AS (
       UPDATE messages SET status = :step, ${times} WHERE id = (SELECT id FROM found) AND status = ANY (:from)
     )
     SELECT id FROM found`,
    { messageId, userId, step, from },
  );
  return found !== undefined;
}
