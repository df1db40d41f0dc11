import { row, rows } from '../sql.ts';
import { inConversation } from './message.ts';

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
  replaces_id: number | null;
  /** The newest reply to the same question; null when it is this reply. */
  replaced_by: number | null;
  feedback: 'up' | 'down' | null;
};

/**
 * Returns a page of a conversation's messages. The caller has checked the owner.
 * @param afterId the last message of the previous page; null for the first page
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

/** The steps from sent to read. Each step implies those before it; none is taken back. */
const STEPS = {
  // Whoever has the message is not told of it.
  delivered: {
    from: ['sent'],
    times: 'delivered_at = clock_timestamp()',
    told: 'DELETE FROM notifications WHERE shown_at IS NULL',
  },
  read: {
    from: ['sent', 'delivered'],
    times: 'delivered_at = coalesce(delivered_at, clock_timestamp()), read_at = clock_timestamp()',
    told: 'UPDATE notifications SET read_at = coalesce(read_at, clock_timestamp()) WHERE true',
  },
};

/**
 * Records that a user's message was delivered or read. A later step stays; so does a reply that is unfinished,
 * failed or cancelled. Returns false when the user has no such message.
 */
export async function markMessage(
  messageId: number,
  userId: number,
  step: keyof typeof STEPS,
): Promise<boolean> {
  const { from, times, told } = STEPS[step];
  const found = await row(
    `WITH found AS (
       SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.id = :messageId AND m.user_id = :userId AND c.deleted_at IS NULL
     ), marked AS (
       UPDATE messages SET status = :step, ${times} WHERE id = (SELECT id FROM found) AND status = ANY (:from)
     ), told AS (
       ${told} AND message_id = (SELECT id FROM found)
     )
     SELECT id FROM found`,
    { messageId, userId, step, from },
  );
  return found !== undefined;
}
