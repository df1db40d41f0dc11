import { row } from '../sql.ts';
import { type Tables, use, WITH_CONVERSATION, WITH_MESSAGES } from '../personalData.ts';

/** Stores a user's rating of their conversation in place of an earlier one; undefined where it is not theirs. */
export function rateConversation(
  id: number,
  userId: number,
  { score, comment }: { score: number; comment: string | null },
): Promise<{ conversation_id: number } | undefined> {
  return row(
    `INSERT INTO conversation_ratings AS known (conversation_id, score, comment)
     SELECT id, :score, :comment FROM conversations WHERE id = :id AND user_id = :userId AND deleted_at IS NULL
     ON CONFLICT (conversation_id) DO UPDATE SET score = excluded.score, comment = excluded.comment, updated_at = clock_timestamp()
     RETURNING conversation_id`,
    { id, userId, score, comment },
  );
}

export const tables: Tables = {
  conversation_ratings: {
    purpose: 'ratings of conversations',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    exported: 'feedback.json',
    columns: { link: 'conversation_id', content: 'comment', behaviour: 'score created_at updated_at' },
  },
};
