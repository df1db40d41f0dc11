import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { row } from '../sql.ts';
import { type Tables, use, WITH_CONVERSATION, WITH_MESSAGES } from '../personalData.ts';

/** How an agent's act on a conversation ended. The rules are in db/functions/people.sql. */
export type Outcome = 'done' | 'not_found' | 'conflict' | 'no_agent';
type Changed = { outcome: Outcome; ended: number[] };

/** Hands a user's conversation over; undefined: the user has none. The runs that ended here are to be announced. */
export function handOver(
  id: number,
  userId: number,
  reason: string | null,
): Promise<{ ended: number[] } | undefined> {
  return row('SELECT * FROM hand_over(:id, :userId, :reason)', { id, userId, reason });
}

export async function takeOver(id: number, agentId: number, trx: Knex): Promise<Changed> {
  return only(await row('SELECT * FROM take_over(:id, :agentId)', { id, agentId }, trx));
}

/** Gives a conversation to an agent. @param agentId null: lets it wait for any agent */
export async function assign(id: number, agentId: number | null, trx: Knex): Promise<Changed> {
  return only(await row('SELECT * FROM assign_conversation(:id, :agentId)', { id, agentId }, trx));
}

export type AgentReply = {
  conversation_id: number;
  agent_id: number;
  content: string;
  idempotency_key: string | null;
  request_hash: string;
};
type Replied = {
  outcome: 'done' | 'replayed' | 'idempotency_key_reused' | 'not_found' | 'conflict';
  message_id: number | null;
};

export async function replyAsAgent(reply: AgentReply, trx: Knex): Promise<Replied> {
  return only(
    await row(
      'SELECT * FROM reply_as_agent(:conversation_id, :agent_id, :content, :idempotency_key, :request_hash)',
      reply,
      trx,
    ),
  );
}

/** @param any whether it may be another agent's */
export async function returnToBot(id: number, agentId: number, any: boolean, trx: Knex): Promise<Outcome> {
  const changed = await row<Changed>(
    'SELECT * FROM return_to_bot(:id, :agentId, :any)',
    { id, agentId, any },
    trx,
  );
  return only(changed).outcome;
}

/** @param any whether it may be another agent's */
export async function resolveConversation(
  id: number,
  agentId: number,
  { any, outcome }: { any: boolean; outcome: string },
  trx: Knex,
): Promise<Outcome> {
  const changed = await row<Changed>(
    'SELECT * FROM resolve_conversation(:id, :agentId, :any, :outcome)',
    { id, agentId, any, outcome },
    trx,
  );
  return only(changed).outcome;
}

/** Lets up to `limit` conversations wait again whose agent left. Returns how many. Their news are owed. */
export async function releaseLeft(limit: number): Promise<number> {
  return only(await row<{ released: number }>('SELECT release_left(:limit) AS released', { limit })).released;
}

export type NoteRow = {
  id: number;
  conversation_id: number;
  agent: { id: number; name: string } | null;
  content: string;
  created_at: Date;
};

/** Adds a note of an agent; undefined: there is no such conversation. */
export function addNote(
  id: number,
  agentId: number,
  content: string,
  trx: Knex = knex,
): Promise<{ id: number } | undefined> {
  return row(
    `INSERT INTO conversation_notes (conversation_id, agent_id, content)
     SELECT c.id, :agentId, :content FROM conversations c WHERE c.id = :id AND c.deleted_at IS NULL RETURNING id`,
    { id, agentId, content },
    trx,
  );
}

function only<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('a function of people.sql returned nothing');
  return found;
}

export const tables: Tables = {
  conversation_notes: {
    purpose: 'notes of people about a conversation',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: { link: 'id conversation_id agent_id', content: 'content', behaviour: 'created_at' },
  },
};
