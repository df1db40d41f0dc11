import { row, rows } from '../sql.ts';
import { type ConversationRow, conversationColumns } from './conversation.ts';

/** What devices and agents were not told of a conversation. */
export type News = {
  version: number;
  /** The first message that was not told; null: none. */
  from_message_id: number | null;
  /** The agent who has the conversation. */
  assignee_id: number | null;
  deleted: boolean;
};

/** Returns the news of a conversation, and the conversation; undefined: all is told. */
export async function findNews(
  conversationId: number,
): Promise<{ news: News; conversation: ConversationRow } | undefined> {
  const found = await row<ConversationRow & News>(
    `SELECT ${conversationColumns}, n.version, n.from_message_id, c.agent_id AS assignee_id, c.deleted_at IS NOT NULL AS deleted
     FROM conversation_news n JOIN conversations c ON c.id = n.conversation_id WHERE n.conversation_id = :conversationId`,
    { conversationId },
  );
  if (found === undefined) return undefined;
  const { version, from_message_id, assignee_id, deleted, ...conversation } = found;
  return { news: { version, from_message_id, assignee_id, deleted }, conversation };
}

/** Forgets news that were told, unless there are newer ones. */
export async function newsTold(conversationId: number, version: number): Promise<void> {
  await rows('DELETE FROM conversation_news WHERE conversation_id = :conversationId AND version = :version', {
    conversationId,
    version,
  });
}

/** Owed: conversations whose news nobody told within `graceMs`. */
export async function newsOwed(limit: number, graceMs: number): Promise<number[]> {
  const owed = await rows<{ id: number }>(
    `SELECT conversation_id AS id FROM conversation_news
     WHERE changed_at < clock_timestamp() - :graceMs * interval '1 ms' ORDER BY changed_at LIMIT :limit`,
    { limit, graceMs },
  );
  return owed.map(({ id }) => id);
}
