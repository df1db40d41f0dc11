import { Session, type SignedUser } from '../../db/models/session.ts';
import { env } from '../base/env.ts';
import { problem } from '../base/errors.ts';
import { type Claims, verifyAccess } from './tokens.ts';

export type { SignedUser };

/** A signed-in user, the session, and when the token expires (seconds since 1970). */
export type Signed = { user: SignedUser; sid: number; exp: number };

/**
 * Verifies an access token and returns its user.
 * @throws Problem `token_expired`, `unauthenticated`; `forbidden` as `refuseUnenrolled` does
 */
export async function authenticate(token: string): Promise<Signed> {
  const signed = await signedBy(verifyAccess(token));
  refuseUnenrolled(signed.user);
  return signed;
}

/** Returns the user of verified claims. Session and account must be active in Postgres. @throws Problem `unauthenticated` */
export async function signedBy({ sub, sid, exp }: Claims): Promise<Signed> {
  const user = await Session.findSigned(sid, Number(sub));
  if (user === undefined) throw problem('unauthenticated');
  return { user, sid, exp };
}

/**
 * With REQUIRE_2FA=agents, refuses agents and administrators without a second factor: they can do nothing but enrol one.
 * @throws Problem `forbidden`
 */
export function refuseUnenrolled(user: Pick<SignedUser, 'role' | 'second_factor'>): void {
  if (mustEnrol(user))
    throw problem('forbidden', 'Set up a second factor first: POST /api/v1/users/me/second-factor');
}

/** Says whether REQUIRE_2FA asks a second factor of somebody who has none. */
export function mustEnrol({ role, second_factor }: Pick<SignedUser, 'role' | 'second_factor'>): boolean {
  return env.REQUIRE_2FA === 'agents' && !second_factor && (role === 'agent' || role === 'admin');
}

/**
 * Lets a socket stay open until a newer access token of the same session expires.
 * @returns when that is, for the client
 * @throws Problem `unauthenticated` for a token of another session, `token_expired`
 */
export async function prolongSigned(signed: Signed, token: string): Promise<{ expires_at: string }> {
  const { sid, exp } = await authenticate(token);
  if (sid !== signed.sid) throw problem('unauthenticated');
  signed.exp = exp;
  return { expires_at: new Date(exp * 1000).toISOString() };
}
