import { Model, raw } from 'objection';
import { row, rows } from '../sql.ts';
import { askedIn, matching } from './conversationSearch.ts';
import { nameOf } from './person.ts';
import { type Tables, AS_MESSAGES, use, WITH_CONVERSATION, WITH_MESSAGES } from '../personalData.ts';

export type ConversationStatus = 'bot' | 'waiting' | 'agent' | 'resolved';
/** The end of a page: the last activity in microseconds since 1970, and the id. */
export type Place = { last_message_us: number; id: number };
/** A conversation as its user and agents see it. */
export type ConversationRow = Omit<Conversation, keyof Model | 'deleted_at'> & {
  /** The person who has the conversation, or resolved it. */
  agent: { id: number; name: string } | null;
};
export type ConversationChange = Partial<Pick<Conversation, 'title' | 'tags' | 'language' | 'is_archived'>>;

export const conversationColumns = `c.id, c.user_id, c.assistant_id, c.title, c.language, c.context, c.tags, c.message_count, c.duration_seconds,
  c.total_tokens, c.is_active, c.is_archived, c.status, (SELECT jsonb_build_object('id', a.id, 'name', ${nameOf('a')})
    FROM users a WHERE a.id = c.agent_id) AS agent, c.handoff_reason, c.outcome, c.created_at, c.updated_at, c.last_message_at`;

/** What a user and the assistant, or a person, say to each other. Deleted ones are marked, and nobody sees them. */
export class Conversation extends Model {
  static override tableName = 'conversations';

  declare id: number;
  declare user_id: number;
  /** null: the conversation began before there was a default assistant. That assistant answers it now. */
  declare assistant_id: number | null;
  declare title: string | null;
  declare language: string;
  declare context: Record<string, unknown>;
  declare tags: string[];
  declare message_count: number;
  declare duration_seconds: number;
  declare total_tokens: number;
  declare is_active: boolean;
  declare is_archived: boolean;
  declare status: ConversationStatus;
  declare handoff_reason: string | null;
  declare outcome: string | null;
  declare created_at: Date;
  declare updated_at: Date;
  declare last_message_at: Date;
  declare deleted_at: Date | null;

  /** Returns a user's conversation; undefined when the user has no such conversation, or deleted it. */
  static async find(id: number, userId: number): Promise<ConversationRow | undefined> {
    return Conversation.query()
      .alias('c')
      .select(raw(conversationColumns))
      .findOne({ 'c.id': id, 'c.user_id': userId, 'c.deleted_at': null })
      .castTo<ConversationRow | undefined>();
  }

  /**
   * Returns a page of a user's conversations, latest activity first.
   * @param q a search as in a search engine: parts of words that the title or one message must contain; '' for all
   * @param after the end of the previous page
   */
  static list(
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

  /**
   * Writes the fields that are given. An archived conversation no longer waits for anybody.
   * @returns undefined when the user has no such conversation. archived: this call archived it, and the caller tells its news
   */
  static async change(
    id: number,
    userId: number,
    change: ConversationChange,
  ): Promise<{ conversation: ConversationRow; archived: boolean } | undefined> {
    const archived = await Conversation.transaction(async (trx) => {
      const archive = 'SELECT archive_conversation(:id, :userId) AS closed';
      const closing =
        change.is_archived === true
          ? await row<{ closed: boolean }>(archive, { id, userId }, trx)
          : undefined;
      await Conversation.query(trx)
        .patch({ ...change, updated_at: Conversation.fn.now() })
        .where({ id, user_id: userId, deleted_at: null });
      return closing?.closed === true;
    });
    const conversation = await Conversation.find(id, userId);
    return conversation && { conversation, archived };
  }

  /**
   * Deletes a user's conversation and cancels its runs; undefined when there is none. The runs that ended here are to be
   * announced.
   */
  static remove(id: number, userId: number): Promise<{ ended: number[] } | undefined> {
    return row('SELECT * FROM delete_conversation(:id, :userId)', { id, userId });
  }
}

const further = `AND (c.last_message_at, c.id) <
  (timestamptz 'epoch' + :last_message_us * interval '1 microsecond', :id::bigint)`;

export const tables: Tables = {
  conversations: {
    purpose: 'conversations',
    kept: AS_MESSAGES,
    bound: use(WITH_MESSAGES),
    erased: 'account',
    owner: 'user_id',
    exported: 'conversations.json',
    columns: {
      link: 'id user_id assistant_id agent_id agent_read_id episode_id experiment_id',
      content: 'title context tags handoff_reason outcome',
      behaviour:
        'language message_count total_tokens duration_seconds is_active is_archived created_at updated_at last_message_at deleted_at status status_since waiting_since fate channel experiment_version',
    },
  },
  episodes: {
    purpose: 'figures of conversations',
    kept: WITH_CONVERSATION,
    bound: use(WITH_MESSAGES),
    erased: 'cascade',
    columns: {
      link: 'id conversation_id user_id assistant_id agent_id resolved_by',
      content: 'handoff_reason outcome',
      behaviour:
        'reopened started_at handoff_at handoff_by taken_at first_reply_at returned_at resolved_at closed_at',
    },
  },
};
