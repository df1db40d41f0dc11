import { row, rows } from '../sql.ts';

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
  const further = afterId === null ? '' : `AND id ${order === 'asc' ? '>' : '<'} :afterId`;
  return rows(
    `SELECT id, conversation_id, user_id, content, message_type, status, run_id, tokens_used, model_used,
       response_time_ms, metadata, created_at, delivered_at, read_at
     FROM messages WHERE conversation_id = :conversationId ${further} ORDER BY id ${order} LIMIT :limit`,
    { conversationId, afterId, limit },
  );
}

/** Notes that a user's message was read; other than sent and delivered ones stay as they are. False: no such message of theirs. */
export async function markRead(messageId: number, userId: number): Promise<boolean> {
  const found = await row(
    `WITH found AS (
       SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.id = :messageId AND m.user_id = :userId AND c.deleted_at IS NULL
     ), marked AS (
       UPDATE messages SET status = 'read', read_at = clock_timestamp(),
         delivered_at = coalesce(delivered_at, clock_timestamp())
       WHERE id = (SELECT id FROM found) AND status IN ('sent', 'delivered')
     )
     SELECT id FROM found`,
    { messageId, userId },
  );
  return found !== null;
}
