import { rows } from '../sql.ts';

/** Those of the sessions that are alive: not ended, not expired, of an active account. */
export async function livingSessions(sids: number[]): Promise<number[]> {
  const living = await rows<{ id: number }>(
    `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
     WHERE s.id = ANY (:sids) AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND u.status = 'active'`,
    { sids },
  );
  return living.map(({ id }) => id);
}
