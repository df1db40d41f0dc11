import { row, rows } from '../sql.ts';
import type { ConversationStatus } from './conversation.ts';
import type { Role } from './role.ts';
import { nameOf } from './person.ts';
import type { Source } from './runView.ts';

/** What agents see of a conversation’s user. */
export type InboxPerson = {
  id: number;
  name: string;
  role: Role;
  language: string;
  timezone: string;
  created_at: Date;
  data_processing_consent: boolean;
  marketing_consent: boolean;
  conversations_count: number;
};

/** Returns the user of a conversation; undefined: there is no such conversation. */
export function findInboxPerson(conversationId: number): Promise<InboxPerson | undefined> {
  return row(
    `SELECT u.id, ${nameOf('u')} AS name, u.role, u.language, u.timezone, u.created_at, u.data_processing_consent,
       u.marketing_consent,
       (SELECT count(*)::integer FROM (SELECT FROM conversations o WHERE o.user_id = u.id AND o.deleted_at IS NULL LIMIT 1000) AS known)
         AS conversations_count
     FROM conversations c JOIN users u ON u.id = c.user_id WHERE c.id = :conversationId AND c.deleted_at IS NULL`,
    { conversationId },
  );
}

export type EarlierConversation = {
  id: number;
  title: string | null;
  status: ConversationStatus;
  last_message_at: Date;
  score: number | null;
};

/** Returns the newest conversations of a user, with how each was rated. Archived ones have a part of the index to themselves. */
export function conversationsOf(userId: number, limit: number): Promise<EarlierConversation[]> {
  return rows(
    `SELECT c.id, c.title, c.status, c.last_message_at, r.score
     FROM (VALUES (false), (true)) AS part (archived) CROSS JOIN LATERAL (
         SELECT o.id, o.title, o.status, o.last_message_at FROM conversations o
         WHERE o.user_id = :userId AND o.is_archived = part.archived AND o.deleted_at IS NULL
         ORDER BY o.last_message_at DESC, o.id DESC LIMIT :limit) AS c
       LEFT JOIN conversation_ratings r ON r.conversation_id = c.id
     ORDER BY c.last_message_at DESC, c.id DESC LIMIT :limit`,
    { userId, limit },
  );
}

export type Cited = { run_id: number; sources: Source[] };

/** Returns what the answers of these runs cite; runs that cite nothing are left out. */
export function citedBy(runIds: number[]): Promise<Cited[]> {
  return rows(
    `SELECT id AS run_id, sources FROM runs WHERE id = ANY (:runIds) AND jsonb_array_length(sources) > 0 ORDER BY id`,
    { runIds },
  );
}
