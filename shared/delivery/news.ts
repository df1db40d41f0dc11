import type { ConversationRow } from '../../db/models/conversation.ts';
import { findMessage, messagesOfPeople } from '../../db/models/messageView.ts';
import { findNews, type News, newsTold } from '../../db/models/news.ts';
import { log } from '../base/log.ts';
import { killPoint } from '../ops/killpoint.ts';
import { type PeopleEvent, showConversation, showMessage } from './peopleEvents.ts';
import { hasSeveral } from './presence.ts';
import { push, pushToAgents, pushToOthers } from './push.ts';

/** Messages that one statement loads. */
const BATCH = 100;

/**
 * Tells a user's devices and the agents what they were not told of a conversation: new messages, and its state. Anything may be told
 * twice: after a crash, or when two processes tell at once. Clients know messages by id, and a state by `updated_at`.
 * @throws when Redis is away; what was not told is owed
 */
export async function tellNews(conversationId: number): Promise<void> {
  const found = await findNews(conversationId);
  if (found === undefined) return;
  const { news, conversation } = found;
  killPoint('news.telling', conversationId);
  if (news.from_message_id !== null && !news.deleted)
    await tellMessages(conversation, news.assignee_id, news.from_message_id);
  await tellState(conversation, news);
  killPoint('news.told', conversationId);
  await newsTold(conversationId, news.version);
}

/** A user's message to the assistant. `socketId`: of the socket that sent it. */
export type Said = { userId: number; messageId: number; socketId?: string | undefined };

/**
 * Shows a user's message to the user's other devices. Nothing is owed: a device that misses it finds the message in the list
 * when the answer begins. Never throws.
 */
export async function tellOthers(said: Said): Promise<void> {
  await show(said).catch((err: unknown) => log.debug({ err }, 'Message not shown on other devices'));
}

async function show({ userId, messageId, socketId }: Said): Promise<void> {
  if (!(await hasSeveral(userId))) return;
  const message = await findMessage(messageId);
  if (message === undefined) return;
  const { conversation_id } = message;
  const { event, data }: PeopleEvent = {
    event: 'message',
    data: { conversation_id, message: showMessage(message) },
  };
  await pushToOthers(userId, socketId, event, data);
}

/** Only who has the conversation gets its texts: an agent who reads them must be in the audit log. */
async function tellMessages(
  { id, user_id }: ConversationRow,
  assigneeId: number | null,
  fromId: number,
): Promise<void> {
  for (let from = fromId; ; ) {
    const messages = await messagesOfPeople(id, from, BATCH);
    for (const message of messages) {
      const event: PeopleEvent = {
        event: 'message',
        data: { conversation_id: id, message: showMessage(message) },
      };
      for (const userId of new Set([user_id, assigneeId ?? user_id]))
        await push(userId, event.event, event.data);
    }
    const last = messages.at(-1);
    if (last === undefined || messages.length < BATCH) return;
    from = last.id + 1;
  }
}

async function tellState(conversation: ConversationRow, { assignee_id, deleted }: News): Promise<void> {
  const { id, user_id } = conversation;
  const updated: PeopleEvent = {
    event: 'conversation.updated',
    data: { conversation: showConversation(conversation) },
  };
  if (!deleted) await push(user_id, updated.event, updated.data);
  const inbox: PeopleEvent = {
    event: 'inbox.updated',
    // A deleted conversation leaves the inbox as a resolved one does.
    data: { conversation_id: id, status: deleted ? 'resolved' : conversation.status, assignee_id },
  };
  await pushToAgents(inbox.event, inbox.data);
}
