import { row, rows } from '../sql.ts';

const PAGE = 500;

/**
 * The parts of an archive, each as a statement for a page of rows after an id. Columns are named: a new one is not exported
 * unseen.
 */
const PARTS = {
  conversations: `SELECT id, title, language, tags, context, message_count, total_tokens, duration_seconds, status, handoff_reason, experiment_version,
      outcome, is_archived, created_at, updated_at, last_message_at, deleted_at FROM conversations`,
  messages: `SELECT id, conversation_id, message_type, content, metadata, status, created_at, delivered_at, read_at FROM messages`,
  ratings: `SELECT message_id AS id, conversation_id, rating, comment, created_at, updated_at FROM message_feedback`,
  conversation_ratings: `SELECT r.conversation_id AS id, r.score, r.comment, r.created_at, r.updated_at, c.user_id
      FROM conversation_ratings r JOIN conversations c ON c.id = r.conversation_id`,
  faq_ratings: `SELECT faq_id AS id, helpful, created_at, updated_at FROM faq_feedback`,
  consents: `SELECT id, kind, given, version, client, at FROM consents`,
  sessions: `SELECT id, user_agent, ip, created_at, last_used_at, expires_at, revoked_at,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('endpoint', p.endpoint) ORDER BY p.id), '[]') FROM push_subscriptions p
        WHERE p.session_id = sessions.id AND p.user_id = sessions.user_id) AS pushes FROM sessions`,
  notifications: `SELECT id, kind, conversation_id, created_at, shown_at, read_at FROM notifications`,
} as const;
export type Part = keyof typeof PARTS;
type Entry = Record<string, unknown> & { id: number };

/** Reads a part of what is a user's in pages of rows, oldest first. A page that has no row is left out. */
export function exported(part: Part, userId: number): AsyncGenerator<Entry[]> {
  return pages(
    `SELECT * FROM (${PARTS[part]} WHERE user_id = :userId) AS theirs WHERE id > :after ORDER BY id LIMIT :limit`,
    userId,
  );
}

/**
 * Reads what others did with a user's data, and the user's own acts, from the audit log, as `exported` does. Names nobody else.
 */
export function exportedAccess(userId: number): AsyncGenerator<Entry[]> {
  return pages(
    `SELECT id, at, action, target_type, CASE WHEN actor_id = :userId THEN 'you' ELSE coalesce(actor_role, 'system') END AS by
     FROM audit_entries WHERE id > :after AND id IN (SELECT id FROM audit_log WHERE subject_id = :userId
       UNION ALL SELECT entry_id FROM audit_parts WHERE person_id = :userId AND kind = 'subject') ORDER BY id LIMIT :limit`,
    userId,
  );
}

/** Reads the rows of a statement page by page. */
async function* pages(statement: string, userId: number): AsyncGenerator<Entry[]> {
  for (let after = 0; ; ) {
    const page = await rows<Entry>(statement, { userId, after, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < PAGE) return;
    after = last.id;
  }
}

/** Returns these columns of a user's account, and how many messages there are; undefined without such an account. */
export async function exportedAccount(
  userId: number,
  columns: string[],
): Promise<{ account: Record<string, unknown>; messages: number } | undefined> {
  return row(
    `SELECT (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(u)) WHERE key = ANY (CAST(:columns AS text[])))
         || jsonb_build_object('notification_settings',
           (SELECT jsonb_build_object('kinds', kinds, 'quiet_hours', quiet_hours) FROM notification_settings WHERE user_id = u.id)) AS account,
       (SELECT count(*)::integer FROM messages WHERE user_id = u.id) AS messages
     FROM users u WHERE id = :userId`,
    { userId, columns },
  );
}
