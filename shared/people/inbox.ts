import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { Conversation, type ConversationRow } from '../../db/models/conversation.ts';
import { findInInbox, findNote, type InboxRow, markSeen, newestNotes } from '../../db/models/inbox.ts';
import { findMessage, listMessages, type MessageRow } from '../../db/models/messageView.ts';
import {
  addNote,
  assign,
  type NoteRow,
  type Outcome,
  replyAsAgent,
  resolveConversation,
  returnToBot,
  takeOver,
} from '../../db/models/people.ts';
import { type By, noted } from '../accounts/noted.ts';
import { found, invalid, problem } from '../base/errors.ts';
import { checkKey, requestHash } from '../conversations/intake.ts';
import { settleInBackground } from '../delivery/runs.ts';
import { killPoint } from '../ops/killpoint.ts';

/** The agent or administrator who acts. */
export type Agent = By & { actor_id: number };

/** Messages and notes that one answer shows. */
const SHOWN = 100;

/** unread: before this read. */
type Opened = { conversation: InboxRow; messages: MessageRow[]; notes: NoteRow[]; unread: number };

/** Returns a conversation with its newest messages and notes, oldest first, and notes who read it. @throws Problem `not_found` */
export async function openConversation(agent: Agent, id: number): Promise<Opened> {
  const { unread } = found(await findInInbox(id));
  const messages = await readMessages(agent, id, { order: 'desc', limit: SHOWN, after: null });
  const [conversation, notes] = await Promise.all([findInInbox(id), newestNotes(id, SHOWN)]);
  return { conversation: found(conversation), messages: messages.toReversed(), notes, unread };
}

/** Returns a page of a conversation's messages, and notes who read it. @throws Problem `not_found` */
export async function readMessages(
  agent: Agent,
  id: number,
  page: { order: 'asc' | 'desc'; limit: number; after: number | null },
): Promise<MessageRow[]> {
  const { user_id } = found(await findInInbox(id));
  const messages = await listMessages(id, page);
  await knex.transaction(async (trx) => {
    await noted(agent, 'conversation.read', { subject_id: user_id })(id, trx);
    await markSeen(id, Math.max(0, ...messages.map((message) => message.id)), trx);
  });
  return messages;
}

/** Takes a conversation. @throws Problem `not_found`; `conflict`: another agent has it */
export function take(agent: Agent, id: number): Promise<ConversationRow> {
  return change(agent, id, { action: 'conversation.taken' }, (trx) => takeOver(id, agent.actor_id, trx));
}

/** Gives a conversation to an agent; null: to none. @throws Problem `not_found`, `conflict`, `validation_failed` */
export function assignTo(agent: Agent, id: number, agentId: number | null): Promise<ConversationRow> {
  const entry = { action: 'conversation.assigned', details: { agent_id: agentId } };
  return change(agent, id, entry, (trx) => assign(id, agentId, trx));
}

/** Gives a conversation back to the bot. @throws Problem `not_found`, `conflict` */
export function giveBack(agent: Agent, id: number): Promise<ConversationRow> {
  return change(agent, id, { action: 'conversation.returned' }, async (trx) => ({
    outcome: await returnToBot(id, agent.actor_id, isAdmin(agent), trx),
    ended: [],
  }));
}

/** Resolves a conversation. @throws Problem `not_found`, `conflict` */
export function resolve(agent: Agent, id: number, outcome: string): Promise<ConversationRow> {
  const how = { any: isAdmin(agent), outcome };
  return change(agent, id, { action: 'conversation.resolved' }, async (trx) => ({
    outcome: await resolveConversation(id, agent.actor_id, how, trx),
    ended: [],
  }));
}

/**
 * Stores an agent's message and tells the user's devices.
 * @param key the idempotency key, or null
 * @throws Problem `not_found`, `conflict` (the agent has not taken the conversation), `idempotency_key_reused`,
 * `validation_failed`
 */
export async function reply(
  agent: Agent,
  id: number,
  content: string,
  key: string | null,
): Promise<{ message: MessageRow; replayed: boolean }> {
  checkKey(key);
  const request = {
    conversation_id: id,
    agent_id: agent.actor_id,
    content,
    idempotency_key: key,
    request_hash: requestHash({ reply: content, conversation_id: id }),
  };
  const { outcome, message_id } = await knex.transaction(async (trx) => {
    const replied = await replyAsAgent(request, trx);
    if (replied.outcome === 'done')
      await noted(agent, 'conversation.replied', await subject(id, trx))(id, trx);
    return replied;
  });
  if (outcome === 'idempotency_key_reused') throw problem('idempotency_key_reused');
  if (outcome !== 'done' && outcome !== 'replayed')
    throw refusal(outcome, 'Take this conversation before you reply');
  killPoint('people.committed', id);
  if (outcome === 'done') settleInBackground({ ended: [], next: null, news: id });
  return { message: found(await findMessage(message_id ?? 0)), replayed: outcome === 'replayed' };
}

/** Adds an internal note. @throws Problem `not_found` */
export async function note(agent: Agent, id: number, content: string): Promise<NoteRow> {
  return knex.transaction(async (trx) => {
    const added = found(await addNote(id, agent.actor_id, content, trx));
    await noted(agent, 'conversation.noted', await subject(id, trx))(id, trx);
    return found(await findNote(added.id, trx));
  });
}

type Change = (trx: Knex) => Promise<{ outcome: Outcome; ended: number[] }>;

/** Changes who speaks, with an entry in the audit log; then announces and tells. Returns the conversation. */
async function change(
  agent: Agent,
  id: number,
  { action, details = {} }: { action: string; details?: Record<string, unknown> },
  act: Change,
): Promise<ConversationRow> {
  const [ended, userId] = await knex.transaction(async (trx) => {
    const changed = await act(trx);
    if (changed.outcome !== 'done') throw refusal(changed.outcome);
    const { subject_id } = await subject(id, trx);
    await noted(agent, action, { subject_id, details })(id, trx);
    return [changed.ended, subject_id] as const;
  });
  killPoint('people.committed', id);
  settleInBackground({ ended, next: null, news: id });
  return found(await Conversation.find(id, userId));
}

async function subject(id: number, trx: Knex): Promise<{ subject_id: number }> {
  return { subject_id: found(await findInInbox(id, trx)).user_id };
}

function refusal(outcome: Exclude<Outcome, 'done'>, why?: string) {
  if (outcome === 'not_found') return problem('not_found');
  if (outcome === 'conflict') return problem('conflict', why);
  return invalid('/agent_id', 'must be an active agent or administrator');
}

function isAdmin({ actor_role }: Agent): boolean {
  return actor_role === 'admin';
}
