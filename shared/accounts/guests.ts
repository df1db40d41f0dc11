import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { countGuestsAlone, createGuest, type NewGuest, upgradeGuest } from '../../db/models/guest.ts';
import { sayClient } from '../../db/models/consent.ts';
import { Session } from '../../db/models/session.ts';
import type { NewUser } from '../../db/models/user.ts';
import { env } from '../base/env.ts';
import { problem } from '../base/errors.ts';
import { askToVerify } from './askToVerify.ts';
import { type Signed, signedBy } from './authenticate.ts';
import { type Client, noteSignIn } from './client.ts';
import { familyOf } from './family.ts';
import { beginSession, type SignIn } from './signin.ts';
import { saysGuest, verifyAccess } from './tokens.ts';

/** Does nothing with GUESTS=on. @throws Problem `forbidden` with GUESTS=off */
export function refuseUnlessOpen(): void {
  if (env.GUESTS === 'off') throw problem('forbidden', 'This installation takes no guests');
}

/** Creates a guest and its session. @throws Problem `quota_exceeded` when there are GUESTS_MAX guests */
export async function signInGuest(fields: NewGuest, client: Client): Promise<SignIn> {
  return knex.transaction(async (trx) => {
    await refuseTooMany(trx);
    await sayClient(familyOf(client.userAgent), trx);
    const user = await createGuest(fields, trx);
    return { user, grant: await beginSession(user, client, trx) };
  });
}

/**
 * Returns the guest whose access token came with a registration; undefined where it is the token of a user.
 * @throws Problem `token_expired` or `unauthenticated` for a token that does not hold, and `conflict` when the guest has
 *   registered: a second account would lose the guest's conversations
 */
export async function guestOf(token: string): Promise<Signed | undefined> {
  const signed = await signedBy(verifyAccess(token));
  if (signed.user.role === 'guest') return signed;
  if (saysGuest(token)) throw hasRegistered();
  return undefined;
}

/**
 * Turns a guest into a registered user and begins a session. Conversations and running answers stay. The guest's
 * sessions cannot be refreshed and end with their access tokens, so open sockets still get running answers.
 * @throws Problem `already_exists`; `conflict` when another request was first
 */
export async function upgrade(
  { user: guest, sid }: Signed,
  fields: NewUser,
  client: Client,
): Promise<SignIn> {
  return knex.transaction(async (trx) => {
    await sayClient(familyOf(client.userAgent), trx);
    const user = await upgradeGuest(guest.id, fields, trx);
    if (user === undefined) throw hasRegistered();
    await Session.letRunOut(user.id, env.ACCESS_TOKEN_TTL_S, trx);
    await noteSignIn('user.upgraded', { actor: user, subject: user.id, session: sid }, client, trx);
    await askToVerify(user, trx);
    return { user, grant: await beginSession(user, client, trx) };
  });
}

function hasRegistered() {
  return problem('conflict', 'This guest has registered already: sign in');
}

/** Guests, or ms, for which a process skips the count while far below GUESTS_MAX: the count takes milliseconds. */
const UNCOUNTED = 100;
const UNCOUNTED_MS = 5_000;
/** Distance to GUESTS_MAX below which every guest is counted. Ten processes skip fewer guests than this. */
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
