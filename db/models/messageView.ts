import { row, rows } from '../sql.ts';
import { inConversation, inPlace } from './message.ts';
import { nameOf } from './person.ts';

export type MessageRow = {
  id: number;
  /** Where a list goes on: the id; of a reply that is shown after a later message, minus that message's id. */
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

/** Returns up to `limit` messages to or from a person, from one on, oldest first: those that no run answers or wrote. */
export function messagesOfPeople(
  conversationId: number,
  fromId: number,
  limit: number,
): Promise<MessageRow[]> {
  return rows(
    `SELECT ${columns} FROM messages m WHERE ${inConversation('m')}
       AND (m.conversation_id, m.id) >= (:conversationId, :fromId) AND m.run_id IS NULL
     ORDER BY m.conversation_id, m.id LIMIT :limit`,
    { conversationId, fromId, limit },
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
