import { knex } from '../knex.ts';
import { row, rows } from '../sql.ts';
import { askedIn, matching } from './conversationSearch.ts';
import { nameOf } from './person.ts';

export type ConversationRow = {
  id: number;
  user_id: number;
  /** null: it was begun before there was a default assistant, which answers it. */
  assistant_id: number | null;
  title: string | null;
  language: string;
  context: Record<string, unknown>;
  tags: string[];
  message_count: number;
  duration_seconds: number;
  total_tokens: number;
  is_active: boolean;
  is_archived: boolean;
  status: ConversationStatus;
  /** The person who has the conversation, or resolved it. */
  agent: { id: number; name: string } | null;
  handoff_reason: string | null;
  outcome: string | null;
  created_at: Date;
  updated_at: Date;
  last_message_at: Date;
};
export type ConversationStatus = 'bot' | 'waiting' | 'agent' | 'resolved';
/** The end of a page: the last activity in microseconds since 1970, and the id. */
export type Place = { last_message_us: number; id: number };
export type ConversationChange = Partial<
  Pick<ConversationRow, 'title' | 'tags' | 'language' | 'is_archived'>
>;

export const conversationColumns = `c.id, c.user_id, c.assistant_id, c.title, c.language, c.context, c.tags, c.message_count, c.duration_seconds,
  c.total_tokens, c.is_active, c.is_archived, c.status, (SELECT jsonb_build_object('id', a.id, 'name', ${nameOf('a')})
    FROM users a WHERE a.id = c.agent_id) AS agent, c.handoff_reason, c.outcome, c.created_at, c.updated_at, c.last_message_at`;

/** A user's conversation; undefined when there is none of theirs, or it was deleted. */
export function findConversation(id: number, userId: number): Promise<ConversationRow | undefined> {
  return row(
    `SELECT ${conversationColumns} FROM conversations c WHERE c.id = :id AND c.user_id = :userId AND c.deleted_at IS NULL`,
    { id, userId },
  );
}

/**
 * Returns a page of a user's conversations, latest activity first.
 * @param q a search as in a search engine: parts of words that the title or one message must contain; '' for all
 * @param after the end of the previous page
 */
export function listConversations(
  userId: number,
  page: { archived: boolean; q: string; limit: number; after: Place | null },
): Promise<(ConversationRow & Place)[]> {
  const { archived, q, limit, after } = page;
  return rows(
    `SELECT ${conversationColumns}, (extract(epoch FROM c.last_message_at) * 1000000)::bigint AS last_message_us
     FROM conversations c
     WHERE c.user_id = :userId AND c.is_archived = :archived AND c.deleted_at IS NULL
       ${after === null ? '' : further} ${q === '' ? '' : matching}
     ORDER BY c.last_message_at DESC, c.id DESC LIMIT :limit`,
    { userId, archived, limit, asked: JSON.stringify(askedIn(q)), ...after },
  );
}

const further = `AND (c.last_message_at, c.id) <
  (timestamptz 'epoch' + :last_message_us * interval '1 microsecond', :id::bigint)`;

/**
 * Writes the fields that are given. A conversation that is archived waits for nobody any more.
 * @returns undefined when the user has no such conversation. archived: this call archived it, and the caller tells its news
 */
export async function changeConversation(
  id: number,
  userId: number,
  change: ConversationChange,
): Promise<{ conversation: ConversationRow; archived: boolean } | undefined> {
  const archived = await knex.transaction(async (trx) => {
    const closing =
      change.is_archived === true
        ? await row<{ closed: boolean }>(
            'SELECT archive_conversation(:id, :userId) AS closed',
            { id, userId },
            trx,
          )
        : undefined;
    await trx('conversations')
      .where({ id, user_id: userId, deleted_at: null })
      .update({ ...change, updated_at: trx.fn.now() });
    return closing?.closed === true;
  });
  const conversation = await findConversation(id, userId);
  return conversation && { conversation, archived };
}

/** Deletes a user's conversation and cancels its runs; undefined when there is none. The runs that ended here are to be announced. */
export function deleteConversation(id: number, userId: number): Promise<{ ended: number[] } | undefined> {
  return row('SELECT * FROM delete_conversation(:id, :userId)', { id, userId });
}
