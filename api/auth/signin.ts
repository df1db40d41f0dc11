import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { type NewUser, User } from '../../db/models/user.ts';
import { env } from '../../shared/base/env.ts';
import { problem } from '../../shared/base/errors.ts';
import { countRefresh } from '../limits/refreshing.ts';
import { type Client, noteSignIn } from './client.ts';
import { hashPassword, isOutdated, passwordFits } from './password.ts';
import { hashToken, newToken, signAccess } from './tokens.ts';

/** A pair of tokens as the client gets them. */
export type Grant = { access: string; refresh: string };
type SignIn = { user: User; grant: Grant };

/** Creates the account and its first session. Throws `already_exists`. */
export async function register(fields: NewUser, client: Client): Promise<SignIn> {
  return knex.transaction(async (trx) => {
    const user = await User.register({ ...fields }, trx);
    await noteSignIn('user.registered', { actor: user, subject: user.id }, client, trx);
    return { user, grant: await beginSession(user, client, trx) };
  });
}

/**
 * Signs in by e-mail address or username. Throws `unauthenticated`, the same way and after the same work whatever was
 * wrong; every try is in the audit log.
 */
export async function signIn(login: string, password: string, client: Client): Promise<SignIn> {
  const first = await attempt(login, password, client);
  // A sign-in at the same time may have replaced the hash that was looked at; it does so once.
  const { signedIn, found } = first.replaced ? await attempt(login, password, client) : first;
  if (signedIn) return signedIn;
  await noteSignIn('user.sign_in_failed', { subject: found?.id }, client, knex);
  throw problem('unauthenticated', 'E-mail address, username or password is wrong');
}

type Attempt = { found: User | undefined; signedIn?: SignIn; replaced?: boolean };

async function attempt(login: string, password: string, client: Client): Promise<Attempt> {
  const found = await User.findByLogin(login);
  const fits = await passwordFits(password, found?.hashed_password);
  if (found === undefined || !fits || found.status !== 'active') return { found };

  const outdated = isOutdated(found.hashed_password);
  const hash = outdated ? await hashPassword(password) : found.hashed_password;
  return knex.transaction(async (trx) => {
    const user = await User.signIn(found, hash, trx);
    if (user === undefined) return { found, replaced: true };
    return { found, signedIn: { user, grant: await beginSession(user, client, trx) } };
  });
}

/** Trades a refresh token for a new pair. Throws `unauthenticated` and `rate_limited`; a spent token also ends its session. */
export async function refresh(token: string, client: Client): Promise<SignIn> {
  const renewed = TOKEN.test(token)
    ? await knex.transaction((trx) => renew(hashToken(token), client, trx))
    : undefined;
  // Thrown outside: a rollback would forget that the session was ended.
  if (renewed === undefined) throw problem('unauthenticated', 'The refresh token is not valid');
  return renewed;
}

/** 256 bits in base64url, as newToken makes them. */
const TOKEN = /^[\w-]{43}$/;

async function renew(tokenHash: string, client: Client, trx: Knex): Promise<SignIn | undefined> {
  const spent = await Session.spend(tokenHash, trx);
  if (spent === undefined) {
    await endReplayed(tokenHash, client, trx);
    return undefined;
  }
  // Refused, nothing is spent: the transaction is undone.
  await countRefresh(spent.session_id);
  const next = newToken();
  const lives = await Session.prolong(spent.session_id, { ...LIFETIME, tokenHash: next.tokenHash }, trx);
  const user = lives ? await User.query(trx).findById(spent.user_id) : undefined;
  return user && { user, grant: { access: signAccess(user, spent.session_id), refresh: next.token } };
}

async function endReplayed(tokenHash: string, client: Client, trx: Knex): Promise<void> {
  const ended = await Session.endReplayed(tokenHash, trx);
  if (ended === undefined) return;
  const { session_id: session, user_id: subject } = ended;
  await noteSignIn('session.replayed', { subject, session }, client, trx);
}

async function beginSession(user: User, client: Client, trx: Knex): Promise<Grant> {
  const { token, tokenHash } = newToken();
  const { userAgent, ip } = client;
  const sid = await Session.begin({ userId: user.id, userAgent, ip, tokenHash, ...LIFETIME }, trx);
  await noteSignIn('user.signed_in', { actor: user, subject: user.id, session: sid }, client, trx);
  return { access: signAccess(user, sid), refresh: token };
}

/** Seconds: between two refreshes, and in all. */
const LIFETIME = { lifetimeS: env.REFRESH_TOKEN_TTL_S, absoluteS: env.SESSION_LIFETIME_S };
