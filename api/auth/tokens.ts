import { createHash, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { User } from '../../db/models/user.ts';
import { env } from '../../shared/env.ts';
import { problem } from '../../shared/errors.ts';

/** `access`: for the API. `board`: for the operators' pages, where it travels in a cookie. */
type Kind = 'access' | 'board';
/** What a token says. `exp` in seconds since 1970. */
export type Claims = { sub: string; sid: number; type: Kind; exp: number };

/** Signs an access token of ACCESS_TOKEN_TTL_S seconds with the first secret. */
export function signAccess(user: Pick<User, 'id' | 'email' | 'role'>, sid: number): string {
  return sign(user.id, { sid, email: user.email, role: user.role, type: 'access' }, env.ACCESS_TOKEN_TTL_S);
}

/** Signs a token for the operators' pages; it dies with its session, `lifetimeS` later at the latest. */
export function signBoard(userId: number, sid: number, lifetimeS: number): string {
  return sign(userId, { sid, type: 'board' }, lifetimeS);
}

function sign(userId: number, claims: object, lifetimeS: number): string {
  const options = { algorithm: 'HS256', subject: String(userId), expiresIn: lifetimeS } as const;
  return jwt.sign(claims, env.JWT_SECRET[0]!, options);
}

/** Verifies an access token against every secret. Throws `token_expired` or `unauthenticated`. */
export function verifyAccess(token: string): Claims {
  return verify(token, 'access');
}

/** The same for a token of the operators' pages. */
export function verifyBoard(token: string): Claims {
  return verify(token, 'board');
}

function verify(token: string, kind: Kind): Claims {
  let expired = false;
  for (const secret of env.JWT_SECRET) {
    try {
      return asClaims(jwt.verify(token, secret, { algorithms: ['HS256'] }), kind);
    } catch (err) {
      // Expiry is looked at after the signature: this secret did sign it.
      expired ||= err instanceof jwt.TokenExpiredError;
    }
  }
  throw problem(expired ? 'token_expired' : 'unauthenticated');
}

/** Verified contents as claims. Throws `unauthenticated` for any other kind of token. */
export function asClaims(verified: unknown, kind: Kind = 'access'): Claims {
  const claims = verified as Partial<Claims>;
  const sound =
    typeof verified === 'object' &&
    claims.type === kind &&
    typeof claims.sub === 'string' &&
    /^[1-9]\d{0,14}$/.test(claims.sub) &&
    Number.isSafeInteger(claims.sid) &&
    typeof claims.exp === 'number';
  if (!sound) throw problem('unauthenticated');
  return claims as Claims;
}

/** A new refresh token: the client keeps the token, we its hash. */
export function newRefresh(): { token: string; tokenHash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, tokenHash: hashRefresh(token) };
}

/** A random token of 256 bits needs no slow hash. */
export function hashRefresh(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
