import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { sayClient } from '../../db/models/consent.ts';
import { deviceOf, oweSignInNotice } from '../../db/models/notification.ts';
import { Session } from '../../db/models/session.ts';
import { type NewUser, User } from '../../db/models/user.ts';
import { env } from '../base/env.ts';
import { problem } from '../base/errors.ts';
import { countRefresh } from '../limits/refreshing.ts';
import { networkOf } from '../limits/charge.ts';
import { askToVerify } from './askToVerify.ts';
import { type Client, noteSignIn } from './client.ts';
import { familyOf } from './family.ts';
import { hashPassword, isOutdated, passwordFits } from './password.ts';
import { hashToken, newToken, nowS, signAccess, signSecondFactor, successorsOf } from './tokens.ts';

export type Grant = { access: string; refresh: string };
export type SignIn = { user: User; grant: Grant };

/** Creates the account and its first session. @throws Problem `already_exists` */
export async function register(fields: NewUser, client: Client): Promise<SignIn> {
  return knex.transaction(async (trx) => {
    await sayClient(familyOf(client.userAgent), trx);
    const user = await User.register({ ...fields }, trx);
    await noteSignIn('user.registered', { actor: user, subject: user.id }, client, trx);
    await askToVerify(user, trx);
    return { user, grant: await beginSession(user, client, trx) };
  });
}

/**
 * Signs in by e-mail address or username. Every try is in the audit log.
 * @throws Problem `unauthenticated`. Every fault gets the same answer after the same work. `second_factor_required` with a
 * token for the second step, where the password is right and a second factor is on
 */
export async function signIn(login: string, password: string, client: Client): Promise<SignIn> {
  const first = await tryOnce(login, password, client);
  // A sign-in at the same time may have replaced an outdated hash. That happens once.
  const { signedIn, secondFactorToken, found } = first.replaced
    ? await tryOnce(login, password, client)
    : first;
  if (signedIn) return signedIn;
  if (secondFactorToken !== undefined)
    throw problem('second_factor_required', undefined, { secondFactorToken });
  await noteSignIn('user.sign_in_failed', { subject: found?.id }, client, knex);
  throw problem('unauthenticated', 'E-mail address, username or password is wrong');
}

type Tried = { found: User | undefined; signedIn?: SignIn; secondFactorToken?: string; replaced?: boolean };

async function tryOnce(login: string, password: string, client: Client): Promise<Tried> {
  const found = await User.findByLogin(login);
  const known = found?.hashed_password ?? undefined;
  const fits = await passwordFits(password, known);
  if (found === undefined || known === undefined || !fits || found.status !== 'active') return { found };

  const hash = isOutdated(known) ? await hashPassword(password) : known;
  return knex.transaction(async (trx) => {
    const user = await User.signIn(found, hash, trx);
    if (user === undefined) return { found, replaced: true };
    if (user.second_factor) return { found, secondFactorToken: signSecondFactor(user) };
    return { found, signedIn: { user, grant: await beginSession(user, client, trx) } };
  });
}

/**
 * Trades a refresh token for a new pair. The client that spent it a moment ago gets the same pair again: another tab was
 * quicker, or the answer was lost. Any other use of a spent token ends its session.
 * @throws Problem `unauthenticated`, `rate_limited`
 */
export async function refresh(token: string, client: Client): Promise<SignIn> {
  const renewed = TOKEN.test(token) ? await knex.transaction((trx) => renew(token, client, trx)) : undefined;
  // Throws outside the transaction: a rollback would undo the end of the session.
  if (renewed === undefined) throw problem('unauthenticated', 'The refresh token is not valid');
  return renewed;
}

/** 256 bits in base64url, as newToken makes them. */
const TOKEN = /^[\w-]{43}$/;

async function renew(token: string, client: Client, trx: Knex): Promise<SignIn | undefined> {
  const [tokenHash, spentBy, iat] = [hashToken(token), fingerprint(client), nowS()];
  const successors = successorsOf(token);
  const [next] = successors;
  const spent = await Session.spend(tokenHash, { spentBy, iat }, trx);
  if (spent === undefined || next === undefined)
    return (await grantAgain({ tokenHash, spentBy }, successors, trx)) ?? endReplayed(tokenHash, client, trx);

  const { session_id: sid, user_id } = spent;
  // A refusal rolls the transaction back, so nothing is spent.
  await countRefresh(user_id, sid);
  const lives = await Session.prolong(sid, { ...LIFETIME, tokenHash: next.tokenHash }, trx);
  const user = lives ? await User.query(trx).findById(user_id) : undefined;
  return user && { user, grant: { access: signAccess(user, sid, iat), refresh: next.token } };
}

async function grantAgain(
  spent: { tokenHash: string; spentBy: string },
  successors: { token: string; tokenHash: string }[],
  trx: Knex,
): Promise<SignIn | undefined> {
  const hashes = successors.map(({ tokenHash }) => tokenHash);
  const again = await Session.regrant({ ...spent, successors: hashes, graceS: env.REFRESH_GRACE_S }, trx);
  const next = successors.find(({ tokenHash }) => tokenHash === again?.successor);
  const user = again && (await User.query(trx).findById(again.user_id));
  if (again === undefined || next === undefined || user === undefined) return undefined;
  // With a short ACCESS_TOKEN_TTL_S the first token may have expired.
  const iat = again.iat + env.ACCESS_TOKEN_TTL_S > nowS() ? again.iat : nowS();
  return { user, grant: { access: signAccess(user, again.session_id, iat), refresh: next.token } };
}

/**
 * Identifies a client by browser and network. Tabs share both. A thief elsewhere has another network and does not get the
 * same pair.
 */
function fingerprint({ userAgent, ip }: Client): string {
  return hashToken(`${userAgent ?? ''}\n${networkOf(ip)}`);
}

async function endReplayed(tokenHash: string, client: Client, trx: Knex): Promise<undefined> {
  const ended = await Session.endReplayed(tokenHash, trx);
  if (ended === undefined) return undefined;
  const { session_id: session, user_id: subject } = ended;
  await noteSignIn('session.replayed', { subject, session }, client, trx);
  return undefined;
}

/** Begins a session of a user, with its entry of the audit log. */
export async function beginSession(user: User, client: Client, trx: Knex): Promise<Grant> {
  const { token, tokenHash } = newToken();
  const { userAgent, ip } = client;
  const family = familyOf(userAgent);
  const sid = await Session.begin({ userId: user.id, userAgent: family, ip, tokenHash, ...LIFETIME }, trx);
  await noteSignIn('user.signed_in', { actor: user, subject: user.id, session: sid }, client, trx);
  await oweSignInNotice(sid, [deviceOf(family), deviceOf(userAgent)], trx);
  return { access: signAccess(user, sid), refresh: token };
}

/** How long a session lives, in seconds: between two refreshes, and in all. */
const LIFETIME = { lifetimeS: env.REFRESH_TOKEN_TTL_S, absoluteS: env.SESSION_LIFETIME_S };
