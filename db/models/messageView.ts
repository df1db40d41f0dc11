import { row, rows } from '../sql.ts';
import { inConversation, inPlace } from './message.ts';
import { nameOf } from './person.ts';

export type MessageRow = {
  id: number;
  /** The place in lists: the id; for a reply that is shown after a later message, the negative id of that message. */
  place: number;
  conversation_id: number;
  user_id: number;
  content: string;
  message_type: 'user' | 'assistant' | 'system' | 'agent';
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
  /** The person who wrote it. */
  agent: { id: number; name: string } | null;
};

const columns = `m.id, coalesce(-m.shown_after, m.id) AS place, m.conversation_id, m.user_id, m.content, m.message_type, m.status, m.run_id, m.tokens_used, m.model_used,
  m.response_time_ms, m.metadata, m.created_at, m.delivered_at, m.read_at, m.replaces_id,
  (SELECT max(newer.id) FROM messages newer
   WHERE newer.alternative_of = coalesce(m.alternative_of, m.id) AND newer.id > m.id) AS replaced_by,
  (SELECT rating FROM message_feedback f WHERE f.message_id = m.id AND f.user_id = m.user_id) AS feedback,
  (SELECT jsonb_build_object('id', a.id, 'name', ${nameOf('a')}) FROM users a WHERE a.id = m.agent_id) AS agent`;

/**
 * Returns a page of a conversation's messages. A reply stands after the last message that it answers. The caller has
 * checked the owner.
 * @param after the place of the last message of the previous page; null for the first page
 */
export function listMessages(
  conversationId: number,
  page: { order: 'asc' | 'desc'; limit: number; after: number | null },
): Promise<MessageRow[]> {
  const { order, limit, after } = page;
  const further = order === 'asc' ? '>' : '<';
  return rows(
    `SELECT ${columns} FROM messages first CROSS JOIN ${inPlace('first', 'm')} WHERE ${inConversation('first')}
       ${
         after === null
           ? ''
           : `AND (first.conversation_id, first.id) ${further}= (:conversationId, :id)
       AND (first.id ${further} :id OR m.moved ${further} :moved)`
       }
     ORDER BY first.conversation_id ${order}, first.id ${order}, m.moved ${order} LIMIT :limit`,
    { conversationId, limit, id: Math.abs(after ?? 0), moved: (after ?? 0) < 0 ? 1 : 0 },
  );
}

/** Returns one message; undefined: there is none. The caller has checked who may read it. */
export function findMessage(id: number): Promise<MessageRow | undefined> {
  return row(`SELECT ${columns} FROM messages m WHERE m.id = :id`, { id });
}

/**
 * Returns up to `limit` messages of each conversation, from one message on, oldest first: what people wrote. Answers of a model
 * are told as events of their runs.
 */
export function messagesToTell(
  from: { id: number; messageId: number }[],
  limit: number,
): Promise<MessageRow[]> {
  return rows(
    `SELECT ${columns} FROM unnest(CAST(:ids AS bigint[]), CAST(:fromIds AS bigint[])) AS f (id, from_id) CROSS JOIN LATERAL
       (SELECT * FROM messages WHERE messages.conversation_id BETWEEN f.id AND f.id
          AND (messages.conversation_id, messages.id) >= (f.id, f.from_id)
          AND (messages.run_id IS NULL OR messages.message_type = 'user')
        ORDER BY messages.conversation_id, messages.id LIMIT :limit) m
     ORDER BY m.conversation_id, m.id`,
    { ids: from.map(({ id }) => id), fromIds: from.map(({ messageId }) => messageId), limit },
  );
}

/** Returns the questions of runs that may never have been delivered: nobody has claimed them, nor raised their generation. */
export function questionsToTell(runIds: number[]): Promise<MessageRow[]> {
  return rows(
    `SELECT ${columns} FROM runs r JOIN messages m ON m.id = r.message_id AND m.run_id = r.id
       JOIN conversations c ON c.id = r.conversation_id AND c.deleted_at IS NULL
     WHERE r.id = ANY (:runIds) AND r.attempt = 0 AND r.generation = 1 ORDER BY m.id`,
    { runIds },
  );
}

/** Returns the row of a question that was just stored. */
export function newQuestion(
  stored: Pick<
    MessageRow,
    'id' | 'conversation_id' | 'user_id' | 'content' | 'run_id' | 'metadata' | 'created_at'
  >,
): MessageRow {
  return {
    ...stored,
    place: stored.id,
    message_type: 'user',
    status: 'sent',
    tokens_used: null,
    model_used: null,
    response_time_ms: null,
    delivered_at: null,
    read_at: null,
    replaces_id: null,
    replaced_by: null,
    feedback: null,
    agent: null,
  };
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

/** Returns the last message with a text of each conversation, by the conversation's id. */
export async function lastMessages(conversationIds: number[]): Promise<Map<number, MessageRow>> {
  const found = await rows<MessageRow>(
    `SELECT ${columns} FROM unnest(CAST(:conversationIds AS bigint[])) AS c (id) CROSS JOIN LATERAL
       (SELECT * FROM messages WHERE conversation_id = c.id AND content <> '' ORDER BY conversation_id DESC, messages.id DESC LIMIT 1) m`,
    { conversationIds },
  );
  return new Map(found.map((message) => [message.conversation_id, message]));
}
