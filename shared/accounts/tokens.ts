import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Role } from '../../db/models/role.ts';
import type { User } from '../../db/models/user.ts';
import { env } from '../base/env.ts';
import { problem } from '../base/errors.ts';

/**
 * `access`: for the API. `board`: for the operators' pages, in a cookie. `second_factor`: says that the password was right, and
 * is good for the second step of that sign-in only.
 */
type Kind = 'access' | 'board' | 'second_factor';
/** The claims of a token. `exp` is in seconds since 1970. */
export type Claims = { sub: string; sid: number; type: Kind; exp: number; stamp?: string };

/** RFC 8725: one algorithm, and one audience for each kind of token, so that no kind passes for another. */
const ALGORITHM = 'HS256' as const;
const ISSUER = 'parley';
const AUDIENCE: Record<Kind, string> = {
  access: 'parley-api',
  board: 'parley-board',
  second_factor: 'parley-second-factor',
};

/**
 * Signs an access token of ACCESS_TOKEN_TTL_S seconds with the first secret.
 * @param iat when these seconds begin, in seconds since 1970. The same `iat` gives the same token
 */
export function signAccess(user: Pick<User, 'id' | 'email' | 'role'>, sid: number, iat = nowS()): string {
  const claims = { sid, iat, email: user.email, role: user.role, type: 'access' } as const;
  return sign(user.id, claims, env.ACCESS_TOKEN_TTL_S);
}

/** Returns the time in seconds since 1970. */
export function nowS(): number {
  return Math.floor(Date.now() / 1_000);
}

/** Signs a token for the operators' pages. It ends with its session, or after `lifetimeS` seconds. */
export function signBoard(userId: number, sid: number, lifetimeS: number): string {
  return sign(userId, { sid, type: 'board' }, lifetimeS);
}

/** Seconds. */
const SECOND_FACTOR_LIFETIME = 300;
/** No session has this id: the sign-in has no session yet. */
const NO_SESSION = 0;

/** Signs the token that the second step of a sign-in needs. It ends with the password that it was made by. */
export function signSecondFactor({ id, hashed_password }: Pick<User, 'id' | 'hashed_password'>): string {
  const claims = { sid: NO_SESSION, type: 'second_factor', stamp: passwordStamp(hashed_password) } as const;
  return sign(id, claims, SECOND_FACTOR_LIFETIME);
}

/** Verifies a token of the second step. @throws Problem `unauthenticated` */
export function verifySecondFactor(token: string): Claims {
  try {
    return verify(token, 'second_factor');
  } catch {
    // Not `token_expired`, which asks clients for a refresh.
    throw problem('unauthenticated', 'This sign-in is over: begin again');
  }
}

/** Returns a stamp that differs for each password and does not reveal it. */
export function passwordStamp(hash: string | null): string {
  return hashToken(`parley second factor ${hash ?? ''}`).slice(0, 22);
}

function sign(
  userId: number,
  claims: {
    type: Kind;
    sid: number;
    iat?: number;
    email?: string | null;
    role?: Role;
    stamp?: string;
  },
  lifetimeS: number,
): string {
  const { kid, secret } = signingKey();
  return jwt.sign(claims, secret, {
    algorithm: ALGORITHM,
    keyid: kid,
    issuer: ISSUER,
    audience: AUDIENCE[claims.type],
    subject: String(userId),
    expiresIn: lifetimeS,
  });
}

/** Verifies an access token. @throws Problem `token_expired` for a token that was good, else `unauthenticated` */
export function verifyAccess(token: string): Claims {
  return verify(token, 'access');
}

/** Says whether a token was made for a guest. Verify it first. */
export function saysGuest(token: string): boolean {
  const { payload } = decoded(token) ?? {};
  return typeof payload === 'object' && payload?.role === 'guest';
}

/** Verifies a token of the operators' pages. @throws Problem as `verifyAccess` does */
export function verifyBoard(token: string): Claims {
  return verify(token, 'board');
}

function verify(token: string, kind: Kind): Claims {
  let expired = false;
  for (const secret of secretsOf(decoded(token)?.header)) {
    try {
      return asClaims(jwt.verify(token, secret, checksOf(kind)), kind);
    } catch (err) {
      // jsonwebtoken checks expiry after the signature, so this secret signed the token.
      expired ||= err instanceof jwt.TokenExpiredError;
    }
  }
  throw problem(expired ? 'token_expired' : 'unauthenticated');
}

function checksOf(kind: Kind) {
  return { algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE[kind] } satisfies jwt.VerifyOptions;
}

/** The checks of an access token besides its signature. */
export const accessChecks = checksOf('access');

/** The header of a token signed here has only these. `crit`, `jku` and the like are refused. */
const PARAMETERS = ['alg', 'typ', 'kid'];

/** Returns the secrets that may have signed a token with this header. @throws Problem `unauthenticated` for a foreign header */
export function secretsOf(header: jwt.JwtHeader | undefined): KeyObject[] {
  const sound =
    typeof header === 'object' &&
    !Array.isArray(header) &&
    header !== null &&
    Object.keys(header).every((name) => PARAMETERS.includes(name)) &&
    (header.typ === undefined || header.typ === 'JWT');
  const keys = sound ? keysNamed(header) : [];
  if (keys.length === 0) throw problem('unauthenticated');
  return keys.map(({ secret }) => secret);
}

function decoded(token: string): jwt.Jwt | undefined {
  try {
    return jwt.decode(token, { complete: true }) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Returns verified contents as claims. @throws Problem `unauthenticated` for another kind of token */
export function asClaims(verified: unknown, kind: Kind): Claims {
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

/** Makes a random token (a refresh, a password reset). The client keeps the token, Postgres its hash. */
export function newToken(): { token: string; tokenHash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, tokenHash: hashToken(token) };
}

/**
 * Returns the refresh tokens that may follow a spent one, one for each secret of JWT_SECRET, in its order. Each is made
 * from the spent token and a secret: the server can make it again, but neither the database nor the client can.
 */
export function successorsOf(token: string): { token: string; tokenHash: string }[] {
  return env.JWT_SECRET.map((secret) => {
    const next = createHmac('sha256', secret)
      .update(`parley refresh token after ${token}`)
      .digest('base64url');
    return { token: next, tokenHash: hashToken(next) };
  });
}

/**
 * Makes a token that travels by mail. The notification keeps the nonce, from which only the server can make the token again
 * (`mailedTokens`): the database alone opens no account.
 */
export function newMailedToken(): { nonce: string; token: string; tokenHash: string } {
  const nonce = randomBytes(32).toString('base64url');
  const [first] = mailedTokens(nonce);
  if (first === undefined) throw new Error('JWT_SECRET is not set');
  return { nonce, ...first };
}

/** Returns the tokens that a nonce may mean, one for each secret of JWT_SECRET, in its order. */
export function mailedTokens(nonce: string): { token: string; tokenHash: string }[] {
  return env.JWT_SECRET.map((secret) => {
    const token = createHmac('sha256', secret).update(`parley mailed token ${nonce}`).digest('base64url');
    return { token, tokenHash: hashToken(token) };
  });
}

/** Returns the hash of a random token. With 256 bits it needs no slow hash. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** A secret of JWT_SECRET, and its name in tokens: the first 64 bits of its hash. */
type Key = { kid: string; secret: KeyObject };

function signingKey(): Key {
  return keyOf(env.JWT_SECRET[0]!);
}

/** Returns the keys that may have signed a token: the key that its header names, or all keys if it names none. */
function keysNamed(header: { kid?: unknown }): Key[] {
  const keys = env.JWT_SECRET.map(keyOf);
  return 'kid' in header ? keys.filter(({ kid }) => kid === header.kid) : keys;
}

const made = new Map<string, Key>();

/** Returns the key of a secret. Caches it: making a key costs more than using it. */
function keyOf(secret: string): Key {
  let key = made.get(secret);
  if (key === undefined) {
    const kid = createHash('sha256').update(secret).digest('hex').slice(0, 16);
    key = { kid, secret: createSecretKey(Buffer.from(secret)) };
    made.set(secret, key);
  }
  return key;
}
