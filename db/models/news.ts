import { ids, rows } from '../sql.ts';
import { type ConversationRow, conversationColumns } from './conversation.ts';
import { type Tables, use } from '../personalData.ts';

/** What devices and agents were not told of a conversation. */
export type News = {
  news_id: number;
  version: number;
  conversation_id: number;
  /** The first message that was not told; null: none. */
  from_message_id: number | null;
  /** Whether its state is to be told, beside its messages. */
  state_changed: boolean;
  /** The agent who has the conversation. */
  assignee_id: number | null;
  /** The same, if still an agent: who may read its texts. */
  reader_id: number | null;
  deleted: boolean;
};
export type NewsOf = { news: News; conversation: ConversationRow };

/** Returns the news of those conversations that have any, and the conversations. */
export async function findNews(conversationIds: number[]): Promise<NewsOf[]> {
  const found = await rows<ConversationRow & News>(
    `SELECT ${conversationColumns}, n.news_id, n.version, n.conversation_id, n.from_message_id, n.state_changed,
       c.agent_id AS assignee_id,
       CASE WHEN is_agent(c.agent_id) THEN c.agent_id END AS reader_id, c.deleted_at IS NOT NULL AS deleted
     FROM conversation_news n JOIN conversations c ON c.id = n.conversation_id
     WHERE n.conversation_id = ANY (:conversationIds) ORDER BY n.changed_at, n.conversation_id`,
    { conversationIds },
  );
  return found.map((one) => {
    const { news_id, version, conversation_id, from_message_id, state_changed, ...rest } = one;
    const { assignee_id, reader_id, deleted, ...conversation } = rest;
    const noted = { news_id, version, conversation_id, from_message_id, state_changed };
    const news = { ...noted, assignee_id, reader_id, deleted };
    return { news, conversation };
  });
}

/**
 * Forgets news that were told, unless there are newer ones. Skips rows that another transaction changes now, because their news
 * are newer.
 */
export async function newsTold(told: News[]): Promise<void> {
  await rows(
    `DELETE FROM conversation_news WHERE news_id = ANY (ARRAY(
       SELECT n.news_id FROM conversation_news n
         JOIN unnest(CAST(:ids AS bigint[]), CAST(:newsIds AS bigint[]), CAST(:versions AS integer[])) AS told (id, news_id, version)
         ON told.id = n.conversation_id AND told.news_id = n.news_id AND told.version = n.version
       FOR UPDATE OF n SKIP LOCKED))
       AND conversation_id = ANY (:ids)`,
    {
      ids: told.map(({ conversation_id }) => conversation_id),
      newsIds: told.map(({ news_id }) => news_id),
      versions: told.map(({ version }) => version),
    },
  );
}

/** Owed: conversations whose news nobody told within `graceMs`. */
export function newsOwed(limit: number, graceMs: number): Promise<number[]> {
  return ids(
    `SELECT conversation_id AS id FROM conversation_news
     WHERE changed_at < clock_timestamp() - :graceMs * interval '1 ms' ORDER BY changed_at LIMIT :limit`,
    { limit, graceMs },
  );
}

export const tables: Tables = {
  conversation_news: {
    purpose: 'telling devices of changes',
    kept: 'until they are told',
    bound: use('one for each conversation, until it is told'),
    erased: 'cascade',
    columns: {
      link: 'conversation_id from_message_id',
      technical: 'news_id version state_changed changed_at',
    },
  },
};
