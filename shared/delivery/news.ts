import { type MessageRow, messagesToTell, questionsToTell } from '../../db/models/messageView.ts';
import { findNews, type NewsOf, newsTold } from '../../db/models/news.ts';
import { killPoint } from '../ops/killpoint.ts';
import { type PeopleEvent, showConversation, showMessage } from './peopleEvents.ts';
import { type Packet, packet, push, pushToAgents } from './push.ts';

/** Conversations that one batch tells, and messages of each that one statement loads. */
const BATCH = 50;
const MESSAGES = 20;
/** Conversations that may wait for a batch. Beyond that the reconciler tells them. */
const MOST = 10_000;

const waiting = new Set<number>();
let telling: Promise<void> | undefined;

/**
 * Tells a user's devices and the agents what they were not told of a conversation: new messages, and its state. This process
 * tells one batch of conversations at a time, so a busy second costs a few statements. Anything may be told twice: after a
 * crash, or when two processes tell at once. Clients know messages by id, and a state by `updated_at`.
 * @throws when Redis or Postgres is away; what was not told is owed
 */
export function tellNews(conversationId: number): Promise<void> {
  if (waiting.size < MOST) waiting.add(conversationId);
  telling ??= tellWaiting();
  return telling;
}

async function tellWaiting(): Promise<void> {
  try {
    // What is noted in the same turn of the event loop joins the first batch.
    await Promise.resolve();
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, BATCH);
      for (const id of batch) waiting.delete(id);
      await tellBatch(batch);
    }
  } catch (err) {
    // The others would fail in the same way, and are owed too.
    waiting.clear();
    throw err;
  } finally {
    telling = undefined;
  }
}

/** Tells the news of many conversations, as `tellNews` does. Returns how many had news. @throws as `tellNews` does */
export async function tellOwed(conversationIds: number[]): Promise<number> {
  let told = 0;
  for (let from = 0; from < conversationIds.length; from += BATCH)
    told += await tellBatch(conversationIds.slice(from, from + BATCH));
  return told;
}

async function tellBatch(conversationIds: number[]): Promise<number> {
  const found = await findNews(conversationIds);
  if (found.length === 0) return 0;
  killPoint('news.telling', found[0]?.conversation.id ?? 0);
  await tellMessages(found);
  await Promise.all(found.map(tellState));
  killPoint('news.told', found[0]?.conversation.id ?? 0);
  await newsTold(found.map(({ news }) => news));
  return found.length;
}

/**
 * Tells the user's devices of all messages to or from a person, and of the user's own. Of agents only who has the conversation
 * gets texts, and only those before a person: an agent who reads texts must be in the audit log.
 */
async function tellMessages(found: NewsOf[]): Promise<void> {
  const of = new Map(found.map((one) => [one.conversation.id, one]));
  let from = found.flatMap(({ news, conversation: { id } }) =>
    news.from_message_id === null || news.deleted ? [] : [{ id, messageId: news.from_message_id }],
  );
  while (from.length > 0) {
    const messages = await messagesToTell(from, MESSAGES);
    const last = new Map<number, { id: number; messageId: number; count: number }>();
    const pushed: Promise<void>[] = [];
    for (const message of messages) {
      const { conversation_id: id } = message;
      const { reader_id = null } = of.get(id)?.news ?? {};
      const { event, data } = told(message);
      const readers = new Set([message.user_id]);
      if (reader_id !== null && message.run_id === null) readers.add(reader_id);
      for (const userId of readers) pushed.push(push(userId, event, data));
      last.set(id, { id, messageId: message.id + 1, count: (last.get(id)?.count ?? 0) + 1 });
    }
    await Promise.all(pushed);
    from = [...last.values()].filter(({ count }) => count === MESSAGES);
  }
}

/**
 * Tells the user's devices of questions whose runs may never have been delivered. A run's first delivery tells its question
 * before it adds the job, so the question of a run with a job was told.
 * @throws when Redis or Postgres is away
 */
export async function tellQuestions(runIds: number[]): Promise<void> {
  const questions = await questionsToTell(runIds);
  await Promise.all(questions.map((question) => push(question.user_id, 'message', told(question).data)));
}

/** Returns what tells a user's devices of a message of theirs. */
export function packetOf(message: MessageRow): Packet {
  const { event, data } = told(message);
  return packet(message.user_id, event, data);
}

function told(message: MessageRow): PeopleEvent & { event: 'message' } {
  const { conversation_id } = message;
  return { event: 'message', data: { conversation_id, message: showMessage(message) } };
}

async function tellState({ conversation, news }: NewsOf): Promise<void> {
  const { assignee_id, deleted, state_changed } = news;
  if (!state_changed) return;
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
