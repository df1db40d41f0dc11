import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import { type ConversationRow, type ConversationStatus, conversationColumns } from './conversation.ts';
import { inConversation } from './message.ts';
import type { NoteRow } from './people.ts';
import { nameOf } from './person.ts';
import type { Answering } from './turn.ts';

export type InboxUser = { id: number; name: string; language: string };
/** A conversation as agents see it. */
export type InboxRow = ConversationRow & {
  user: InboxUser;
  /** Since when the user waits for a person's word; null: the user does not. */
  waiting_since: Date | null;
  /** The user's messages that no agent was shown; 100 at most. */
  unread: number;
  /** The agent who has it or resolved it. */
  assignee_id: number | null;
};
/** The end of a page of open conversations: since when that user waits, in microseconds since 1970. */
export type WaitingPlace = { waiting_us: number; id: number };
/** undefined: whoever has it; null: nobody has it. */
export type Assignee = number | null | undefined;

/** Stands for "does not wait" in a cursor: a number after all times. */
const NEVER_US = 9_000_000_000_000_000;
const columns = `${conversationColumns}, c.waiting_since, c.agent_id AS assignee_id,
  (SELECT jsonb_build_object('id', u.id, 'name', ${nameOf('u')}, 'language', u.language)
    FROM users u WHERE u.id = c.user_id) AS user,
  (SELECT count(*)::integer FROM (SELECT FROM messages m WHERE m.conversation_id BETWEEN c.id AND c.id AND m.id > c.agent_read_id
    AND m.message_type = 'user' LIMIT 100) AS unseen) AS unread`;

/**
 * Returns a page of conversations that wait or that an agent has, longest waiting first; those whose user does not wait come
 * last.
 */
export function listOpen(
  filter: { status: 'waiting' | 'agent' | null; assignee: Assignee },
  limit: number,
  after: WaitingPlace | null,
): Promise<(InboxRow & WaitingPlace)[]> {
  const { status, assignee } = filter;
  return rows(
    `SELECT ${columns}, coalesce((extract(epoch FROM c.waiting_since) * 1000000)::bigint, ${NEVER_US}) AS waiting_us
     FROM conversations c WHERE c.status IN ('waiting', 'agent') AND c.deleted_at IS NULL
       ${status === null ? '' : 'AND c.status = :status'} ${had(assignee)}
       ${after === null ? '' : further}
     ORDER BY coalesce(c.waiting_since, 'infinity'::timestamptz), c.id LIMIT :limit`,
    { status, assignee: assignee ?? null, limit, ...after },
  );
}

const further = `AND (coalesce(c.waiting_since, 'infinity'::timestamptz), c.id) >
  (CASE WHEN :waiting_us >= ${NEVER_US} THEN 'infinity' ELSE timestamptz 'epoch' + :waiting_us * interval '1 microsecond' END,
   :id::bigint)`;

/**
 * Returns a page of conversations of the bot, or of resolved ones, newest first. BETWEEN and the longer order name the index of
 * an agent: by `=` the planner may walk all resolved ones instead, hoping to meet the agent's soon.
 */
export function listClosed(
  filter: { status: 'bot' | 'resolved'; assignee: Assignee },
  limit: number,
  beforeId: number | null,
): Promise<InboxRow[]> {
  const { status, assignee } = filter;
  return rows(
    `SELECT ${columns} FROM conversations c WHERE c.status = '${status}' AND c.deleted_at IS NULL
       ${typeof assignee === 'number' ? 'AND c.agent_id BETWEEN :assignee AND :assignee' : had(assignee)}
       ${beforeId === null ? '' : 'AND c.id < :beforeId'}
     ORDER BY ${typeof assignee === 'number' ? 'c.agent_id DESC, ' : ''}c.id DESC LIMIT :limit`,
    { assignee: assignee ?? null, limit, beforeId },
  );
}

function had(assignee: Assignee): string {
  if (assignee === undefined) return '';
  return assignee === null ? 'AND c.agent_id IS NULL' : 'AND c.agent_id = :assignee';
}

/** Returns any user's conversation; undefined: there is none. */
export function findInInbox(id: number, trx: Knex = knex): Promise<InboxRow | undefined> {
  return row(`SELECT ${columns} FROM conversations c WHERE c.id = :id AND c.deleted_at IS NULL`, { id }, trx);
}

/** Records that an agent was shown the messages of a conversation up to one. */
export async function markSeen(id: number, messageId: number, trx: Knex): Promise<void> {
  await rows(
    'UPDATE conversations SET agent_read_id = :messageId WHERE id = :id AND agent_read_id < :messageId',
    { id, messageId },
    trx,
  );
}

/** Returns the newest notes of a conversation, oldest first. */
export async function newestNotes(conversationId: number, limit: number): Promise<NoteRow[]> {
  const newest = await rows<NoteRow>(
    `SELECT ${noteColumns} FROM conversation_notes n WHERE ${inConversation('n')}
     ORDER BY n.conversation_id DESC, n.id DESC LIMIT :limit`,
    { conversationId, limit },
  );
  return newest.toReversed();
}

export function findNote(id: number, trx: Knex = knex): Promise<NoteRow | undefined> {
  return row(`SELECT ${noteColumns} FROM conversation_notes n WHERE n.id = :id`, { id }, trx);
}

const noteColumns = `n.id, n.conversation_id, n.content, n.created_at,
  (SELECT jsonb_build_object('id', a.id, 'name', ${nameOf('a')}) FROM users a WHERE a.id = n.agent_id) AS agent`;

export type AgentRow = { id: number; name: string; role: 'agent' | 'admin' };

/** Returns a page of active agents and administrators, in the order of ids. */
export function listAgents(limit: number, afterId: number): Promise<AgentRow[]> {
  return rows(
    `SELECT u.id, ${nameOf('u')} AS name, u.role FROM users u
     WHERE u.role IN ('agent', 'admin') AND u.status = 'active' AND u.id > :afterId ORDER BY u.id LIMIT :limit`,
    { limit, afterId },
  );
}

/** Returns what a `typing` needs of a conversation; undefined: it is not the user's own, and no agent may answer it. */
export function findTalk(
  id: number,
  userId: number,
  isAgent: boolean,
): Promise<{ user_id: number; status: ConversationStatus; agent_id: number | null } | undefined> {
  return row(
    `SELECT user_id, status, agent_id FROM conversations WHERE id = :id AND deleted_at IS NULL
       AND (user_id = :userId OR :isAgent AND status IN ('waiting', 'agent'))`,
    { id, userId, isAgent },
  );
}

/** The newest question of a conversation, for a draft. */
export type Drafted = {
  user_id: number;
  message_id: number;
  question: string;
  language: string;
  created_at: Date;
  assistant: Answering | null;
  may_be_sent: boolean;
};

/** Returns the newest question of a conversation; undefined: there is none. */
export function findDrafted(id: number): Promise<Drafted | undefined> {
  return row(
    `SELECT c.user_id, m.id AS message_id, m.content AS question, c.language, m.created_at,
       assistant_of(a.id, version_in(c.experiment_id, c.experiment_version, a.version)) AS assistant, may_be_sent(c.user_id, c.id) AS may_be_sent
     FROM conversations c
       JOIN LATERAL (SELECT * FROM messages WHERE conversation_id = c.id AND message_type = 'user' ORDER BY id DESC LIMIT 1) m ON true
       LEFT JOIN LATERAL assistant_now(c.assistant_id) a ON true
     WHERE c.id = :id AND c.deleted_at IS NULL`,
    { id },
  );
}
