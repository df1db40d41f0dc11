import { row } from '../sql.ts';
import type { Accepted, Refusal } from './run.ts';
import { type Tables, use, WITH_CONVERSATION, WITH_MESSAGES } from '../personalData.ts';

export type Again = {
  user_id: number;
  reply_id: number;
  idempotency_key: string | null;
  request_hash: string;
  request_id: string | null;
};
export type Rating = { rating: 'up' | 'down'; comment: string | null };
export type Feedback = Rating & { message_id: number; created_at: Date; updated_at: Date };

/**
 * Stores a new run and a new reply to the question of a user's reply, or refuses and stores nothing; see
 * regenerate_reply.
 */
export async function regenerateReply(
  again: Again,
  maxWaiting: number,
): Promise<Accepted | { outcome: Refusal }> {
  const accepted = await row<Accepted | { outcome: Refusal }>(
    `SELECT * FROM regenerate_reply(:user_id, :reply_id, :idempotency_key, :request_hash, :request_id, :maxWaiting)`,
    { ...again, maxWaiting },
  );
  if (accepted === undefined) throw new Error('regenerate_reply returned nothing');
  return accepted;
}

const ownReply = `SELECT m.id, m.conversation_id, m.user_id FROM messages m JOIN conversations c ON c.id = m.conversation_id
  WHERE m.id = :replyId AND m.user_id = :userId AND m.message_type = 'assistant' AND c.deleted_at IS NULL`;

/** Stores a user's rating of a reply in place of an earlier one. Undefined: the user has no such reply. */
export function rateReply(
  replyId: number,
  userId: number,
  { rating, comment }: Rating,
): Promise<Feedback | undefined> {
  return row(
    `INSERT INTO message_feedback AS known (message_id, conversation_id, user_id, rating, comment)
     SELECT own.*, :rating, :comment FROM (${ownReply}) AS own
     ON CONFLICT (message_id, user_id) DO UPDATE
       SET rating = excluded.rating, comment = excluded.comment, updated_at = clock_timestamp()
     RETURNING message_id, rating, comment, created_at, updated_at`,
    { replyId, userId, rating, comment },
  );
}

/** Deletes a user's rating of a reply. Returns false when the user has no such reply. */
export async function unrateReply(replyId: number, userId: number): Promise<boolean> {
  const found = await row(
    `WITH own AS (${ownReply}),
       gone AS (DELETE FROM message_feedback WHERE (message_id, user_id) = (SELECT id, user_id FROM own))
     SELECT id FROM own`,
    { replyId, userId },
  );
  return found !== undefined;
}

export const tables: Tables = {
  message_feedback: {
    purpose: 'ratings of answers',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    exported: 'feedback.json',
    columns: {
      link: 'message_id user_id conversation_id',
      content: 'comment',
      behaviour: 'rating created_at updated_at',
    },
  },
};
