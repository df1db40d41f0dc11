import { rows } from '../sql.ts';
import { type Tables, AS_MESSAGES, use, WITH_MESSAGES } from '../personalData.ts';

export type HistoryMessage = {
  id: number;
  message_type: 'user' | 'assistant';
  content: string;
  tokens_used: number | null;
};

/**
 * Limits a list to one conversation; the list must be ordered by conversation_id and id. With a plain `=` the
 * planner drops conversation_id from the order. For a large conversation it may then scan the primary key, past
 * everybody's messages.
 */
export function inConversation(table: string, id = ':conversationId'): string {
  return `${table}.conversation_id BETWEEN ${id} AND ${id}`;
}

/** Selects who speaks in a prompt: an agent's message is the assistant's. */
function speaker(messages: string): string {
  return `CASE ${messages}.message_type WHEN 'agent' THEN 'assistant' ELSE ${messages}.message_type END AS message_type`;
}

/**
 * Returns SQL of a message of a list and of the reply that is shown after it, which has `moved` 1. A reply that is shown
 * elsewhere is left out at its own place.
 */
export function inPlace(message: string, name: string): string {
  return `LATERAL (
    SELECT 0 AS moved, (${message}).* WHERE ${message}.shown_after IS NULL
    UNION ALL
    SELECT 1, later.* FROM messages later
    WHERE later.conversation_id = ${message}.conversation_id AND later.shown_after = ${message}.id) AS ${name}`;
}

/**
 * Returns the messages before a message, newest first. Of the replies to one question it takes the newest with a
 * text, in the place of the first. It leaves out refusals, replies without text, and questions without a verdict that
 * allows them.
 */
export function historyBefore(
  conversationId: number,
  messageId: number,
  limit: number,
): Promise<HistoryMessage[]> {
  return rows(historySql(':conversationId', ':messageId', ':limit'), { conversationId, messageId, limit });
}

/** Returns the SQL of `historyBefore`, of SQL expressions. */
export function historySql(conversationId: string, messageId: string, limit: string): string {
  return `SELECT said.id, ${speaker('said')}, said.content, said.tokens_used FROM messages first
     CROSS JOIN ${inPlace('first', 'slot')}
     CROSS JOIN LATERAL (
       SELECT one.* FROM messages one
       WHERE (one.id = slot.id OR one.alternative_of = slot.id) AND one.in_context AND one.content <> ''
         AND NOT EXISTS (SELECT FROM runs r WHERE r.id = one.run_id AND one.message_type = 'user'
           AND CASE WHEN r.moderation IS NULL THEN r.status IN ('cancelled', 'failed') ELSE (r.moderation ->> 'flagged')::boolean END)
       ORDER BY one.id DESC LIMIT 1) AS said
     WHERE ${inConversation('first', conversationId)} AND (first.conversation_id, first.id) < (${conversationId}, ${messageId})
       AND first.alternative_of IS NULL AND first.message_type <> 'system'
     ORDER BY first.conversation_id DESC, first.id DESC, slot.moved DESC LIMIT ${limit}`;
}

/** Returns the texts of messages, in the order of the ids. */
export async function messageTexts(ids: number[]): Promise<HistoryMessage[]> {
  if (ids.length === 0) return [];
  return rows(
    `SELECT id, ${speaker('messages')}, content, tokens_used FROM messages WHERE id = ANY (:ids)
     ORDER BY array_position(CAST(:ids AS bigint[]), id)`,
    { ids },
  );
}

/** Stores token counts of messages that have none yet. */
export async function saveTokenCounts(counts: { id: number; tokens: number }[]): Promise<void> {
  if (counts.length === 0) return;
  await rows(
    `UPDATE messages SET tokens_used = tokens FROM unnest(CAST(:ids AS bigint[]), CAST(:tokens AS integer[])) AS counted (message, tokens)
     WHERE id = message AND tokens_used IS NULL`,
    { ids: counts.map(({ id }) => id), tokens: counts.map(({ tokens }) => tokens) },
  );
}

export const tables: Tables = {
  messages: {
    purpose: 'what users, assistants and people wrote',
    kept: AS_MESSAGES,
    bound: use(WITH_MESSAGES),
    erased: 'account',
    owner: 'user_id',
    exported: 'messages.jsonl',
    columns: {
      link: 'id conversation_id user_id run_id replaces_id alternative_of agent_id',
      content: 'content metadata',
      behaviour: 'message_type status created_at delivered_at read_at shown_after',
      technical: 'in_context tokens_used model_used response_time_ms',
    },
  },
  message_keys: {
    purpose: 'sending a message once',
    kept: 'two days',
    bound: use('two days'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id message_id', technical: 'idempotency_key request_hash created_at' },
  },
};
