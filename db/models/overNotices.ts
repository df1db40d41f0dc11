import { rows } from '../sql.ts';

/**
 * The statements that delete what notifications leave behind, a batch of each kind at a time. What no list shows goes after two
 * days. An unread row counts as little as a read one after three months.
 */
const KINDS = {
  notifications: `DELETE FROM notifications WHERE id IN (
    SELECT id FROM notifications WHERE created_at < now() - interval '2 days' AND due_at IS NULL AND push_due_at IS NULL
      AND (shown_at IS NULL OR created_at < now() - interval '90 days')
    ORDER BY created_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  mails: `DELETE FROM mails WHERE id IN (
    SELECT id FROM mails WHERE created_at < now() - interval '30 days' AND due_at IS NULL
    ORDER BY created_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  // For a day after its end a token is told from one that never was.
  email_verifications: `DELETE FROM email_verifications WHERE id IN (
    SELECT id FROM email_verifications WHERE expires_at < now() - interval '1 day'
    ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED) RETURNING id`,
  push_subscriptions: `DELETE FROM push_subscriptions WHERE id IN (
    SELECT p.id FROM push_subscriptions p JOIN sessions s ON s.id = p.session_id
    WHERE s.revoked_at IS NOT NULL OR s.expires_at < now() LIMIT :batch FOR UPDATE OF p SKIP LOCKED) RETURNING id`,
} as const;

export type OverNotices = Record<keyof typeof KINDS, number>;

/** Deletes up to `batch` rows of each kind. Returns the count of each kind. */
export async function deleteOverNotices(batch: number): Promise<OverNotices> {
  return {
    notifications: (await rows(KINDS.notifications, { batch })).length,
    mails: (await rows(KINDS.mails, { batch })).length,
    email_verifications: (await rows(KINDS.email_verifications, { batch })).length,
    push_subscriptions: (await rows(KINDS.push_subscriptions, { batch })).length,
  };
}
