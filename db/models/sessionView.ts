import { rows } from '../sql.ts';
import type { Session, SignedUser } from './session.ts';

/** Returns the users of those sessions that are alive: not ended, not expired, of an active account. */
export async function livingSessions(sids: number[]): Promise<Map<number, SignedUser>> {
  const living = await rows<SignedUser & { sid: number }>(
    `SELECT s.id AS sid, u.id, u.email, u.role, u.language, u.timezone, u.data_processing_consent
     FROM sessions s JOIN users u ON u.id = s.user_id
     WHERE s.id = ANY (:sids) AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND u.status = 'active'`,
    { sids },
  );
  return new Map(living.map(({ sid, ...user }) => [sid, user]));
}

export type SessionRow = Pick<
  Session,
  'id' | 'user_agent' | 'ip' | 'created_at' | 'last_used_at' | 'expires_at'
>;

/**
 * Returns a page of a user's living sessions, newest first.
 * @param page `beforeId`: the last id of the previous page
 */
export function listSessions(
  userId: number,
  { limit, beforeId }: { limit: number; beforeId: number | null },
): Promise<SessionRow[]> {
  return rows(
    `SELECT id, user_agent, ip, created_at, last_used_at, expires_at FROM sessions
     WHERE user_id = :userId AND revoked_at IS NULL AND expires_at > now()
       AND (CAST(:beforeId AS bigint) IS NULL OR id < :beforeId)
     ORDER BY id DESC LIMIT :limit`,
    { userId, limit, beforeId },
  );
}
