import { rows } from '../sql.ts';

export type HistoryMessage = {
  id: number;
  message_type: 'user' | 'assistant';
  content: string;
  tokens_used: number | null;
};

/**
 * What was said before a message, newest first. Flagged messages, refusals and replies without text are left
 * out: they are no context.
 */
export function historyBefore(
  conversationId: number,
  messageId: number,
  limit: number,
): Promise<HistoryMessage[]> {
  return rows(
    `SELECT id, message_type, content, tokens_used FROM messages
     WHERE conversation_id = :conversationId AND id < :messageId AND in_context
       AND content <> '' AND message_type <> 'system'
     ORDER BY id DESC LIMIT :limit`,
    { conversationId, messageId, limit },
  );
}

/** The texts of messages, by id. */
export async function messageTexts(ids: number[]): Promise<HistoryMessage[]> {
  if (ids.length === 0) return [];
  return rows(
    `SELECT id, message_type, content, tokens_used FROM messages WHERE id = ANY (:ids) ORDER BY id`,
    { ids },
  );
}

/** Keeps token counts where none is known yet. */
export async function saveTokenCounts(counts: { id: number; tokens: number }[]): Promise<void> {
  if (counts.length === 0) return;
  await rows(
    `UPDATE messages SET tokens_used = tokens FROM unnest(CAST(:ids AS bigint[]), CAST(:tokens AS integer[])) AS counted (message, tokens)
     WHERE id = message AND tokens_used IS NULL`,
    { ids: counts.map(({ id }) => id), tokens: counts.map(({ tokens }) => tokens) },
  );
}
