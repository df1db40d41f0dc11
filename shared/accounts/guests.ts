import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { countGuestsAlone, createGuest, type NewGuest, upgradeGuest } from '../../db/models/guest.ts';
import { Session } from '../../db/models/session.ts';
import type { NewUser } from '../../db/models/user.ts';
import { env } from '../base/env.ts';
import { problem } from '../base/errors.ts';
import { authenticate, type Signed } from './authenticate.ts';
import { type Client, noteSignIn } from './client.ts';
import { beginSession, type SignIn } from './signin.ts';
import { saysGuest } from './tokens.ts';

/** Throws `forbidden` where this installation takes no guests. */
export function refuseUnlessOpen(): void {
  if (env.GUESTS === 'off') throw problem('forbidden', 'This installation takes no guests');
}

/** Creates a guest and its session. Throws `quota_exceeded` where GUESTS_MAX of them live. */
export async function signInGuest(fields: NewGuest, client: Client): Promise<SignIn> {
  return knex.transaction(async (trx) => {
    await refuseTooMany(trx);
    const user = await createGuest(fields, trx);
    return { user, grant: await beginSession(user, client, trx) };
  });
}

/**
 * Returns who registers: the guest of an access token, undefined where the token says that it is another's or says nothing.
 * @throws Problem `token_expired` or `unauthenticated` for a guest's token that does not hold, `conflict` where the guest
 *   has registered: an account beside the guest's own would lose its conversations
 */
export async function guestOf(token: string): Promise<Signed | undefined> {
  if (!saysGuest(token)) return undefined;
  const signed = await authenticate(token);
  if (signed.user.role !== 'guest') throw hasRegistered();
  return signed;
}

/**
 * Makes a guest the account of a person, and begins a session of it. Conversations and running answers stay. The guest's
 * sessions end when their access tokens do, and cannot be refreshed: open sockets see running answers end.
 * @throws Problem `already_exists`; `conflict` where another request was first
 */
export async function upgrade(
  { user: guest, sid }: Signed,
  fields: NewUser,
  client: Client,
): Promise<SignIn> {
  return knex.transaction(async (trx) => {
    const user = await upgradeGuest(guest.id, fields, trx);
    if (user === undefined) throw hasRegistered();
    await Session.letRunOut(user.id, env.ACCESS_TOKEN_TTL_S, trx);
    await noteSignIn('user.upgraded', { actor: user, subject: user.id, session: sid }, client, trx);
    return { user, grant: await beginSession(user, client, trx) };
  });
}

function hasRegistered() {
  return problem('conflict', 'This guest has registered already: sign in');
}

/** Far below GUESTS_MAX, a process counts once for so many guests or seconds: counting many rows takes milliseconds. */
const UNCOUNTED = 100;
const UNCOUNTED_MS = 5_000;
/** From here on every guest is counted, one by one. Ten processes do not make as many uncounted. */
const NEAR = 1_000;
let uncounted = { left: 0, until: 0 };

async function refuseTooMany(trx: Knex): Promise<void> {
  uncounted.left -= 1;
  if (uncounted.left >= 0 && Date.now() < uncounted.until) return;
  const free = env.GUESTS_MAX - (await countGuestsAlone(env.GUESTS_MAX, trx));
  if (free <= 0)
    throw problem('quota_exceeded', 'Too many guests: register, or sign in', { retryAfterS: 3_600 });
  uncounted = { left: free > NEAR ? UNCOUNTED : 0, until: Date.now() + UNCOUNTED_MS };
}
