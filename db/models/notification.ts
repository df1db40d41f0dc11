import type { Knex } from 'knex';
import { knex } from '../knex.ts';
import { ids, row, rows } from '../sql.ts';
import { type Tables, use, WITH_ACCOUNT } from '../personalData.ts';

export const KINDS = [
  'password_reset',
  'email_verification',
  'new_sign_in',
  'password_changed',
  'second_factor_off',
  'recovery_code_used',
  'answer_ready',
  'agent_replied',
  'handoff_waiting',
  'knowledge_answered',
  'export_ready',
  'account_erased',
  'budget_warning',
  'user_budget_warning',
  'webhook_disabled',
] as const;
export type Kind = (typeof KINDS)[number];

export type Choice = { email: boolean; push: boolean };
export type Choices = Partial<Record<Kind, Partial<Choice>>>;
/** Times of day such as 22:00, in the user's timezone. */
export type QuietHours = { from: string; to: string };

/** What a notification names: ids, and what no row holds. */
export type NotificationData = {
  session_id?: number;
  faq_id?: number;
  export_id?: number;
  webhook_id?: number;
  /** The token of a link is made from it. */
  nonce?: string;
  /** Where the mail goes instead of the account's own address. */
  address?: string;
  language?: string;
  /** What the mail is about, where the kind does not say. */
  topic?: 'email_changing' | 'email_changed';
};

/** A claimed notification, with what must be known to deliver it. */
export type Claimed = {
  id: number;
  kind: Kind;
  user_id: number | null;
  data: NotificationData;
  conversation_id: number | null;
  message_id: number | null;
  created_at: Date;
  read_at: Date | null;
  age_s: number;
  /** Ms until a push and a mail of it are due; null: none is owed. */
  push_in_ms: number | null;
  mail_in_ms: number | null;
  pushed_to: number[];
  active: boolean;
  email: string | null;
  email_refused: boolean;
  language: string | null;
  timezone: string | null;
  kinds: Choices;
  quiet_hours: QuietHours | null;
  /** Whether a device has the message, an agent the conversation, or the notification was read. */
  seen: boolean;
  deleted: boolean;
  faq_question: string | null;
  /** Whether the user has a device that takes pushes. */
  devices: boolean;
  /** Whether this is its first claim: nothing was shown, mailed or pushed. */
  begins: boolean;
};

/**
 * Owes a notification, in the transaction of its act.
 * @param userId undefined: nobody; the same work is done
 * @returns its id, for a caller that enqueues it at once
 */
export async function oweNotification(
  kind: Kind,
  userId: number | undefined,
  data: NotificationData,
  trx: Knex,
): Promise<number> {
  const owed = await row<{ id: number }>(
    'SELECT owe_notification(:kind, CAST(:userId AS bigint), CAST(:data AS jsonb)) AS id',
    { kind, userId: userId ?? null, data },
    trx,
  );
  if (owed === undefined) throw new Error('no notification');
  return owed.id;
}

/**
 * Owes the news of a sign-in from a device that was not seen before.
 * @param devices how sessions name it: by its family, and by its whole user agent, as an earlier release did; see `deviceOf`
 */
export async function oweSignInNotice(
  sessionId: number,
  [family, whole]: [string, string],
  trx: Knex,
): Promise<void> {
  await row('SELECT owe_sign_in_notice(:sessionId, :family, :whole)', { sessionId, family, whole }, trx);
}

/** Returns a user agent without versions, as `owe_sign_in_notice` compares it. */
export function deviceOf(userAgent: string | null): string {
  return (userAgent ?? '').replace(/[0-9._]+/g, '');
}

/**
 * Owed: of the notifications to look at now, one of each `batch`, oldest first. Compares with the statement's time, for which
 * an index finds what is due. With `clock_timestamp` it would also read all that is due later. @param limit how many are looked
 * at
 */
export function notificationsToDeliver(limit: number, batch: number): Promise<number[]> {
  return ids(
    `SELECT id FROM (SELECT id, row_number() OVER (ORDER BY due_at) AS place FROM notifications
       WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT :limit) AS due WHERE place % :batch = 1 ORDER BY place`,
    { limit, batch },
  );
}

/** Owed: users with a due push, the longest waiting first. */
export async function usersToPush(limit: number): Promise<number[]> {
  const owed = await rows<{ user_id: number }>(
    `SELECT user_id FROM notifications WHERE push_due_at <= statement_timestamp()
     GROUP BY user_id ORDER BY min(push_due_at) LIMIT :limit`,
    { limit },
  );
  return owed.map(({ user_id }) => user_id);
}

/** Claims a notification that is due, and up to `more` others. */
export function claimNotifications(id: number, more: number, leaseMs: number): Promise<Claimed[]> {
  return rows('SELECT * FROM claim_notifications(:id, CAST(:more AS integer), CAST(:leaseMs AS integer))', {
    id,
    more,
    leaseMs,
  });
}

/** Claims the user's push that is due for longest. */
export function claimPush(userId: number, leaseMs: number): Promise<Claimed | undefined> {
  return row('SELECT * FROM claim_push(:userId, CAST(:leaseMs AS integer))', { userId, leaseMs });
}

/** What is left to do of a claimed notification. */
export type Left = { id: number; shown: boolean; push: boolean; mailMs: number | null };

/** Says what is left of claimed notifications, and deletes those that nobody needs. @param gone their ids */
export async function scheduleNotifications(left: Left[], gone: number[]): Promise<void> {
  await row(
    `SELECT schedule_notifications(CAST(:ids AS bigint[]), CAST(:shown AS boolean[]), CAST(:push AS boolean[]),
       CAST(:mailMs AS double precision[]), CAST(:gone AS bigint[]))`,
    {
      ids: left.map(({ id }) => id),
      shown: left.map(({ shown }) => String(shown)),
      push: left.map(({ push }) => String(push)),
      mailMs: left.map(({ mailMs }) => mailMs),
      gone,
    },
  );
}

/** Says in how many ms a claimed push is to be tried again; null: never. */
export async function schedulePush(id: number, ms: number | null): Promise<void> {
  await row(
    `UPDATE notifications SET push_tries = 0, push_due_at = clock_timestamp() + CAST(:ms AS double precision) * interval '1 ms'
     WHERE id = :id`,
    { id, ms },
  );
}

/** Notes that a device has the push, so that no further try sends it there. */
export async function notePushed(id: number, subscriptionId: number): Promise<void> {
  await row(
    'UPDATE notifications SET pushed_to = pushed_to || CAST(:subscriptionId AS bigint) WHERE id = :id',
    {
      id,
      subscriptionId,
    },
  );
}

const BEGINNING = 200;

/** Returns the beginning of a message; undefined when it is gone. */
export async function beginningOfMessage(id: number): Promise<string | undefined> {
  const found = await row<{ beginning: string }>(
    `SELECT left(content, ${BEGINNING}) AS beginning FROM messages WHERE id = :id`,
    { id },
  );
  return found?.beginning;
}

export type NotificationRow = {
  id: number;
  kind: Kind;
  conversation_id: number | null;
  message_id: number | null;
  data: NotificationData;
  created_at: Date;
  read_at: Date | null;
};

const columns = 'n.id, n.kind, n.conversation_id, n.message_id, n.data, n.created_at, n.read_at';
/** Shows nothing of a deleted conversation. */
const shown = `n.shown_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM conversations c WHERE c.id = n.conversation_id AND c.deleted_at IS NOT NULL)`;

/** Returns a page of what a user was told, the newest first. */
export function listNotifications(
  userId: number,
  page: { unread: boolean; limit: number; beforeId: number | null },
): Promise<NotificationRow[]> {
  const { unread, limit, beforeId } = page;
  return rows(
    `SELECT ${columns} FROM notifications n WHERE n.user_id = :userId AND ${shown}
       ${unread ? 'AND n.read_at IS NULL' : ''} ${beforeId === null ? '' : 'AND n.id < :beforeId'}
     ORDER BY n.id DESC LIMIT :limit`,
    { userId, limit, ...(beforeId !== null && { beforeId }) },
  );
}

const COUNTED = 1_000;

/** Counts what a user was told and has not read; at most a thousand. */
export async function countUnread(userId: number): Promise<number> {
  return (await countUnreadOf([userId])).get(userId) ?? 0;
}

/** Counts that for several users. */
export async function countUnreadOf(userIds: number[]): Promise<Map<number, number>> {
  const counted = await rows<{ user_id: number; count: number }>(
    `SELECT user_id, unread.count FROM unnest(CAST(:userIds AS bigint[])) AS one (user_id)
     CROSS JOIN LATERAL (SELECT count(*) AS count FROM (SELECT FROM notifications n
       WHERE n.user_id = one.user_id AND n.read_at IS NULL AND ${shown} LIMIT ${COUNTED}) AS first) AS unread`,
    { userIds },
  );
  return new Map(counted.map(({ user_id, count }) => [user_id, count]));
}

/** Marks a user's notification as read. Returns false when the user has no such notification. */
export async function readNotification(id: number, userId: number): Promise<boolean> {
  const read = await row(
    `UPDATE notifications SET read_at = coalesce(read_at, clock_timestamp())
     WHERE id = :id AND user_id = :userId AND shown_at IS NOT NULL RETURNING id`,
    { id, userId },
  );
  return read !== undefined;
}

/** What a user wants to be told, and when not. */
export type Settings = { kinds: Choices; quiet_hours: QuietHours | null };

export async function settingsOf(userId: number): Promise<Settings> {
  const found = await row<Settings>(
    'SELECT kinds, quiet_hours FROM notification_settings WHERE user_id = :userId',
    { userId },
  );
  return found ?? { kinds: {}, quiet_hours: null };
}

/** Changes a user's settings: the kinds and channels that `kinds` names, and quiet hours unless they are undefined. */
export async function changeSettings(
  userId: number,
  kinds: Choices,
  quietHours: QuietHours | null | undefined,
  trx: Knex = knex,
): Promise<void> {
  for (const [kind, choice] of Object.entries(kinds))
    await row(
      `INSERT INTO notification_settings AS s (user_id, kinds)
       VALUES (:userId, jsonb_build_object(CAST(:kind AS text), CAST(:choice AS jsonb)))
       ON CONFLICT (user_id) DO UPDATE SET kinds = s.kinds ||
         jsonb_build_object(CAST(:kind AS text), coalesce(s.kinds -> CAST(:kind AS text), '{}') || CAST(:choice AS jsonb))`,
      { userId, kind, choice },
      trx,
    );
  if (quietHours === undefined) return;
  await row(
    `INSERT INTO notification_settings (user_id, quiet_hours) VALUES (:userId, CAST(:quietHours AS jsonb))
     ON CONFLICT (user_id) DO UPDATE SET quiet_hours = excluded.quiet_hours`,
    { userId, quietHours },
    trx,
  );
}

export const tables: Tables = {
  notifications: {
    purpose: 'telling users of answers, people and their account',
    kept: 'see docs/operations.md, What is deleted',
    bound: use('two days where no list shows them, else 90'),
    erased: 'account',
    owner: 'user_id',
    exported: 'notifications.json',
    columns: {
      link: 'id user_id conversation_id message_id mail_id pushed_to',
      content: 'data',
      behaviour: 'kind created_at read_at shown_at',
      technical: 'due_at tries push_at push_due_at push_tries mail_at',
    },
  },
  notification_settings: {
    purpose: 'which notifications a user wants',
    kept: WITH_ACCOUNT,
    exported: 'account.json',
    bound: use('one for each account'),
    erased: 'account',
    owner: 'user_id',
    columns: { link: 'user_id', behaviour: 'kinds quiet_hours' },
  },
};
