import { ids, row, rows } from '../sql.ts';
import type { Choices, Kind, NotificationData } from './notification.ts';
import { type Tables, use } from '../personalData.ts';

/** A claimed mail. */
export type ClaimedMail = {
  id: number;
  user_id: number | null;
  address: string;
  language: string;
  message_key: string;
  tries: number;
  age_s: number;
  active: boolean;
  first_name: string | null;
  timezone: string;
  kinds: Choices;
  /** Whether the address refused a mail before. */
  refused: boolean;
};

/** A notification that a mail tells. */
export type MailedRow = {
  id: number;
  kind: Kind;
  data: NotificationData;
  conversation_id: number | null;
  created_at: Date;
  faq_question: string | null;
  /** Of a sign-in: its user agent and network. */
  user_agent: string | null;
  ip: string | null;
  /** Whether the mail may leave it out: it was read, or its conversation is deleted. */
  over: boolean;
};

/**
 * Makes the mail that an owed notification is in.
 * @param mail `alongWith`: the kinds that may share one mail; `perHour`: how many mails an address gets in an hour
 * @returns the mail's id; undefined: it is in one already, or the address has had too many
 */
export async function makeMail(
  notificationId: number,
  mail: { address: string; language: string; key: string; alongWith: readonly Kind[]; perHour: number },
): Promise<number | undefined> {
  const made = await row<{ id: number | null }>(
    `SELECT make_mail(:notificationId, :address, :language, :key, CAST(:alongWith AS text[]), CAST(:perHour AS integer)) AS id`,
    { notificationId, ...mail },
  );
  return made?.id ?? undefined;
}

/** Owed: mails to send now. */
export function mailsToSend(limit: number): Promise<number[]> {
  return ids('SELECT id FROM mails WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT :limit', {
    limit,
  });
}

export function claimMail(id: number, leaseMs: number): Promise<ClaimedMail | undefined> {
  return row('SELECT * FROM claim_mail(:id, CAST(:leaseMs AS integer))', { id, leaseMs });
}

export function mailed(mailId: number): Promise<MailedRow[]> {
  return rows(
    `SELECT n.id, n.kind, n.data, n.conversation_id, n.created_at, f.question AS faq_question, s.user_agent, s.ip,
       n.read_at IS NOT NULL OR coalesce(m.status IN ('delivered', 'read'), false) OR c.deleted_at IS NOT NULL
         OR n.kind = 'handoff_waiting' AND c.status <> 'waiting' AS over
     FROM notifications n LEFT JOIN messages m ON m.id = n.message_id LEFT JOIN conversations c ON c.id = n.conversation_id
       LEFT JOIN faqs f ON f.id = (n.data ->> 'faq_id')::bigint LEFT JOIN sessions s ON s.id = (n.data ->> 'session_id')::bigint
     WHERE n.mail_id = :mailId ORDER BY n.id`,
    { mailId },
  );
}

/**
 * Notes that a mail server took a mail. Removes the mark that the address refuses mail. Returns whether the
 * mail is still there.
 */
export async function markSent({ id, user_id, address }: ClaimedMail): Promise<boolean> {
  const marked = await row(
    `WITH taken AS (UPDATE users SET email_refused_at = NULL
         WHERE id = :userId AND email_refused_at IS NOT NULL AND lower(email) = lower(:address))
     UPDATE mails SET sent_at = clock_timestamp(), due_at = NULL, error = NULL WHERE id = :id RETURNING id`,
    { id, userId: user_id, address },
  );
  return marked !== undefined;
}

/** Schedules the next try of a mail in `ms`. */
export async function postponeMail(id: number, ms: number, error: string): Promise<void> {
  await row(
    `UPDATE mails SET due_at = clock_timestamp() + :ms * interval '1 ms', error = :error WHERE id = :id`,
    { id, ms, error },
  );
}

/** Gives a mail up. `ofAddress`: the account gets only mails that it asked for, until its address takes one. */
export async function giveUpMail(
  { id, user_id, address }: ClaimedMail,
  error: string,
  ofAddress: boolean,
): Promise<void> {
  await row(
    `WITH marked AS (UPDATE users SET email_refused_at = clock_timestamp()
         WHERE CAST(:ofAddress AS boolean) AND id = :userId AND lower(email) = lower(:address))
     UPDATE mails SET failed_at = clock_timestamp(), due_at = NULL, error = :error WHERE id = :id`,
    { id, userId: user_id, address, error, ofAddress },
  );
}

/** Removes a mail that nobody needs any more; what it told stays in the app. */
export async function dropMail(id: number): Promise<void> {
  await row('DELETE FROM mails WHERE id = :id', { id });
}

/** Removes a mail and what it told, for an account that is erased: the row holds its address. */
export async function forgetMail(id: number): Promise<void> {
  await row(`WITH told AS (DELETE FROM notifications WHERE mail_id = :id) DELETE FROM mails WHERE id = :id`, {
    id,
  });
}

export const tables: Tables = {
  mails: {
    purpose: 'mails to users',
    kept: 'see docs/operations.md, What is deleted',
    bound: use('30 days; MAILS_PER_HOUR for each address'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id user_id',
      identity: 'address',
      behaviour: 'language created_at sent_at',
      technical: 'message_key error failed_at due_at tries',
    },
  },
};
