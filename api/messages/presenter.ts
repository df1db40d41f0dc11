import type { Feedback } from '../../db/models/reply.ts';

/** What a user thinks of a reply. */
export function presentFeedback(feedback: Feedback) {
  return {
    message_id: feedback.message_id,
    rating: feedback.rating,
    comment: feedback.comment,
    created_at: feedback.created_at.toISOString(),
    updated_at: feedback.updated_at.toISOString(),
  };
}
