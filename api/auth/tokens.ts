import { createHash, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { User } from '../../db/models/user.ts';
import { env } from '../../shared/env.ts';
import { problem } from '../../shared/errors.ts';

/** What an access token says. `exp` in seconds since 1970. */
export type Claims = { sub: string; sid: number; type: 'access'; exp: number };

/** Signs an access token of ACCESS_TOKEN_TTL_S seconds with the first secret. */
export function signAccess(user: Pick<User, 'id' | 'email' | 'role'>, sid: number): string {
  const claims = { sid, email: user.email, role: user.role, type: 'access' };
  return jwt.sign(claims, env.JWT_SECRET[0]!, {
    algorithm: 'HS256',
    subject: String(user.id),
    expiresIn: env.ACCESS_TOKEN_TTL_S,
  });
}

/** Verifies an access token against every secret. Throws `token_expired` or `unauthenticated`. */
export function verifyAccess(token: string): Claims {
  let expired = false;
  for (const secret of env.JWT_SECRET) {
    try {
      return asClaims(jwt.verify(token, secret, { algorithms: ['HS256'] }));
    } catch (err) {
      // Expiry is looked at after the signature: this secret did sign it.
      expired ||= err instanceof jwt.TokenExpiredError;
    }
  }
  throw problem(expired ? 'token_expired' : 'unauthenticated');
}

/** Verified contents as claims. Throws `unauthenticated` for any other kind of token. */
export function asClaims(verified: unknown): Claims {
  const claims = verified as Partial<Claims>;
  const sound =
    typeof verified === 'object' &&
    claims.type === 'access' &&
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
