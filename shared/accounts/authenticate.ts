import { Session, type SignedUser } from '../../db/models/session.ts';
import { problem } from '../base/errors.ts';
import { type Claims, verifyAccess } from './tokens.ts';

export type { SignedUser };

/** Who is signed in, by which session, and until when (seconds since 1970) the token says so. */
export type Signed = { user: SignedUser; sid: number; exp: number };

/** Who an access token speaks for, for REST and sockets alike. Throws `token_expired` or `unauthenticated`. */
export async function authenticate(token: string): Promise<Signed> {
  return signedBy(verifyAccess(token));
}

/** The same for claims whose signature is verified: session and account must be alive in Postgres. */
export async function signedBy({ sub, sid, exp }: Claims): Promise<Signed> {
  const user = await Session.findSigned(sid, Number(sub));
  if (user === undefined) throw problem('unauthenticated');
  return { user, sid, exp };
}

/**
 * Lets a socket live as long as a newer access token of the same session does.
 * @returns until when, as the client is told
 * @throws Problem `unauthenticated` for a token of another session, `token_expired`
 */
export async function prolongSigned(signed: Signed, token: string): Promise<{ expires_at: string }> {
  const { sid, exp } = await authenticate(token);
  if (sid !== signed.sid) throw problem('unauthenticated');
  signed.exp = exp;
  return { expires_at: new Date(exp * 1000).toISOString() };
}
