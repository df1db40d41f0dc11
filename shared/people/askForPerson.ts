import { type ConversationRow, Conversation } from '../../db/models/conversation.ts';
import { handOver } from '../../db/models/people.ts';
import { found } from '../base/errors.ts';
import { settleInBackground } from '../delivery/runs.ts';
import { killPoint } from '../ops/killpoint.ts';

/** Hands a user's conversation over to a person. Returns the conversation. @throws Problem `not_found` */
export async function askForPerson(
  userId: number,
  conversationId: number,
  reason: string | null,
): Promise<ConversationRow> {
  const { ended } = found(await handOver(conversationId, userId, reason));
  killPoint('people.committed', conversationId);
  settleInBackground({ ended, next: null, news: conversationId });
  return found(await Conversation.find(conversationId, userId));
}
