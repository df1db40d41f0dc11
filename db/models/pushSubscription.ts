import { row, rows } from '../sql.ts';
import { type Tables, use } from '../personalData.ts';

export type SubscriptionRow = { id: number; endpoint: string; p256dh: string; auth: string };

/** Devices of one user; a further one replaces the oldest. */
const DEVICES = 20;

/**
 * Keeps where a device takes pushes, for as long as its session lives. A user who signs in on a device after another user takes
 * over the device's address.
 */
export async function saveSubscription(
  userId: number,
  sessionId: number,
  { endpoint, p256dh, auth }: Omit<SubscriptionRow, 'id'>,
): Promise<void> {
  await row(
    `WITH kept AS (
       INSERT INTO push_subscriptions (user_id, session_id, endpoint, p256dh, auth)
       VALUES (:userId, :sessionId, :endpoint, :p256dh, :auth)
       ON CONFLICT (endpoint) DO UPDATE SET user_id = excluded.user_id, session_id = excluded.session_id,
         p256dh = excluded.p256dh, auth = excluded.auth, created_at = clock_timestamp() RETURNING id)
     DELETE FROM push_subscriptions WHERE id IN (SELECT id FROM push_subscriptions
       WHERE user_id = :userId AND id <> (SELECT id FROM kept) ORDER BY created_at DESC OFFSET ${DEVICES - 1})`,
    { userId, sessionId, endpoint, p256dh, auth },
  );
}

/** Removes a device of a user's. Does nothing where there is none. */
export async function removeSubscription(userId: number, endpoint: string): Promise<void> {
  await row('DELETE FROM push_subscriptions WHERE user_id = :userId AND endpoint = :endpoint', {
    userId,
    endpoint,
  });
}

/** Removes a device whose service does not know it any more. */
export async function dropSubscription(id: number): Promise<void> {
  await row('DELETE FROM push_subscriptions WHERE id = :id', { id });
}

/** Returns the devices of a user that are signed in. */
export function subscriptionsOf(userId: number): Promise<SubscriptionRow[]> {
  return rows(
    `SELECT p.id, p.endpoint, p.p256dh, p.auth FROM push_subscriptions p JOIN sessions s ON s.id = p.session_id
     WHERE p.user_id = :userId AND s.user_id = :userId AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() ORDER BY p.id`,
    { userId },
  );
}

export const tables: Tables = {
  push_subscriptions: {
    purpose: 'pushes to browsers',
    kept: 'until the browser ends them',
    exported: 'sessions.json',
    bound: use('the end of the sign-in'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'id session_id user_id',
      identity: 'endpoint',
      secret: 'auth p256dh',
      technical: 'created_at',
    },
  },
};
