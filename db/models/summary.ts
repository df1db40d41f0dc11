import { ids, row, rows } from '../sql.ts';
import { historyBefore, type HistoryMessage } from './message.ts';
import { type Tables, use, WITH_CONVERSATION } from '../personalData.ts';

/** Messages after which a summary is old. The first one covers what was said before a person was asked for. */
const OLD_AFTER = 10;
/** Messages that a summary reads at most, the newest ones. */
const READ = 40;
/** Behind every message. */
const END = Number.MAX_SAFE_INTEGER;

export type Talk = {
  conversation_id: number;
  user_id: number;
  language: string;
  /** Oldest first. */
  messages: HistoryMessage[];
  up_to_id: number;
};

/**
 * Selects conversations that a person is asked for or has, whose texts may be sent, and whose summary is missing or old.
 * newest: the last message to cover.
 */
const owed = `FROM conversations c
  LEFT JOIN conversation_summaries s ON s.conversation_id = c.id
  CROSS JOIN LATERAL (
    SELECT max(id) AS newest, count(*) AS count FROM (
      SELECT id FROM messages m WHERE m.conversation_id = c.id AND m.id > coalesce(s.up_to_id, 0) AND m.content <> ''
        AND (s.content IS NOT NULL OR m.created_at <= c.status_since)
      ORDER BY m.conversation_id DESC, m.id DESC LIMIT ${OLD_AFTER}) AS fresh) AS news
  WHERE c.status IN ('waiting', 'agent') AND c.deleted_at IS NULL
    AND news.count >= CASE WHEN s.content IS NULL THEN 1 ELSE ${OLD_AFTER} END
    AND may_be_sent(c.user_id, c.id)`;

/** Owed: conversations that need a summary, and did not fail just now. */
export function conversationsToSummarise(limit: number, graceMs: number): Promise<number[]> {
  return ids(
    `SELECT c.id ${owed} AND coalesce(s.try_after, c.status_since + :graceMs * interval '1 ms') < clock_timestamp()
     ORDER BY coalesce(c.waiting_since, 'infinity'::timestamptz), c.id LIMIT :limit`,
    { limit, graceMs },
  );
}

/** Returns what a summary should read; undefined where none is needed or the texts may not be sent (any more). */
export async function talkOf(conversationId: number): Promise<Talk | undefined> {
  const talk = await row<Omit<Talk, 'messages'>>(
    `SELECT c.id AS conversation_id, c.user_id, c.language, news.newest AS up_to_id ${owed} AND c.id = :conversationId`,
    { conversationId },
  );
  if (talk === undefined) return undefined;
  const messages = await historyBefore(conversationId, Math.min(talk.up_to_id + 1, END), READ);
  return { ...talk, messages: messages.toReversed() };
}

/** Stores a summary; one that covers less than the stored one changes nothing. */
export async function saveSummary(
  { conversation_id, up_to_id }: Pick<Talk, 'conversation_id' | 'up_to_id'>,
  content: string,
  model: string | null,
): Promise<void> {
  await rows(
    `INSERT INTO conversation_summaries AS s (conversation_id, content, up_to_id, model)
     SELECT id, :content, :up_to_id, :model FROM conversations WHERE id = :conversation_id
     ON CONFLICT (conversation_id) DO UPDATE SET content = excluded.content, up_to_id = excluded.up_to_id,
       model = excluded.model, failures = 0, try_after = NULL, updated_at = clock_timestamp()
     WHERE s.up_to_id < excluded.up_to_id`,
    { conversation_id, content, up_to_id, model },
  );
}

/** Notes that a summary failed. The next try waits a minute, and twice as long after each further failure, an hour at most. */
export async function postponeSummary(conversationId: number): Promise<void> {
  await rows(
    `INSERT INTO conversation_summaries AS s (conversation_id, failures, try_after)
     SELECT id, 1, clock_timestamp() + interval '1 minute' FROM conversations WHERE id = :conversationId
     ON CONFLICT (conversation_id) DO UPDATE SET failures = s.failures + 1,
       try_after = clock_timestamp() + least(60, 2 ^ least(s.failures, 6)) * interval '1 minute'`,
    { conversationId },
  );
}

/** Returns the summary of a conversation; null: there is none yet, and nobody waits for it. */
export async function summaryOf(conversationId: number): Promise<string | null> {
  const found = await row<{ content: string | null }>(
    "SELECT nullif(content, '') AS content FROM conversation_summaries WHERE conversation_id = :conversationId",
    { conversationId },
  );
  return found?.content ?? null;
}

export const tables: Tables = {
  conversation_summaries: {
    purpose: 'summaries for people who take over',
    kept: WITH_CONVERSATION,
    bound: use('one for each conversation'),
    erased: 'cascade',
    columns: {
      link: 'conversation_id up_to_id',
      content: 'content',
      technical: 'model failures try_after updated_at',
    },
  },
};
