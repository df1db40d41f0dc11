import { Session, type SignedUser } from '../../db/models/session.ts';
import { problem } from '../base/errors.ts';
import { type Claims, verifyAccess } from './tokens.ts';

export type { SignedUser };

/** A signed-in user, the session, and when the token expires (seconds since 1970). */
export type Signed = { user: SignedUser; sid: number; exp: number };

/** Verifies an access token and returns its user, for REST and sockets. @throws Problem `token_expired`, `unauthenticated` */
export async function authenticate(token: string): Promise<Signed> {
  return signedBy(verifyAccess(token));
}

/** Returns the user of verified claims. Session and account must be active in Postgres. @throws Problem `unauthenticated` */
export async function signedBy({ sub, sid, exp }: Claims): Promise<Signed> {
  const user = await Session.findSigned(sid, Number(sub));
  if (user === undefined) throw problem('unauthenticated');
  return { user, sid, exp };
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
