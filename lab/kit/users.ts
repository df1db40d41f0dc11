import type { Ground } from './ground.ts';

/** The route that takes a message. */
export const SEND = '/api/v1/chat/send';

export type LabUser = { id: number; sid: number; token: string };

/** Creates users, each with a session and a token for an hour. */
export async function makeUsers(ground: Ground, count: number): Promise<LabUser[]> {
  const made = await ground.query<{ id: number; sid: number; email: string }>(
    `WITH users AS (
       INSERT INTO users (email, username, hashed_password, gdpr_consent, data_processing_consent)
       SELECT 'b' || n || '_' || $2 || '@example.com', 'b' || n || '_' || $2, 'x', true, true FROM generate_series(1, $1::int) n
       RETURNING id, email
     ), sessions AS (
       INSERT INTO sessions (user_id, expires_at) SELECT id, now() + interval '1 hour' FROM users RETURNING id, user_id)
     SELECT users.id::int, sessions.id::int AS sid, email FROM users JOIN sessions ON user_id = users.id`,
    [count, Math.random().toString(36).slice(2, 10)],
  );
  process.env.JWT_SECRET = ground.env.JWT_SECRET;
  const { signAccess } = await import('../../shared/accounts/tokens.ts');
  return made.map(({ id, sid, email }) => ({ id, sid, token: signAccess({ id, email, role: 'user' }, sid) }));
}
