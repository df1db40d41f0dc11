import { createHmac, timingSafeEqual } from 'node:crypto';
import { knex } from '../../db/knex.ts';
import { sayClient } from '../../db/models/consent.ts';
import { signInVouched, type Vouched } from '../../db/models/vouched.ts';
import { env } from '../base/env.ts';
import { problem } from '../base/errors.ts';
import { type Client, noteSignIn } from './client.ts';
import { familyOf } from './family.ts';
import { beginSession, type SignIn } from './signin.ts';

/** Does nothing with a WIDGET_SECRET. @throws Problem `not_configured` without one */
export function refuseWithoutSites(): void {
  if (env.WIDGET_SECRET.length === 0) throw problem('not_configured', 'WIDGET_SECRET is not set');
}

/**
 * Signs in a user that a site vouches for. Creates the external id's account at the first sign-in. The hash covers only
 * the id: other fields of the page are stored unverified, and never select another account.
 * @throws Problem `unauthenticated`, the same for a wrong hash and for an inactive account
 */
export async function signInByHash(who: Vouched, hash: string, client: Client): Promise<SignIn> {
  if (!vouches(who.external_id, hash)) {
    // The entry has no subject: a request that only names an id must not reveal the id's account.
    await noteSignIn('user.vouch_failed', { subject: undefined }, client, knex);
    throw notVouched();
  }
  const signedIn = await knex.transaction(async (trx) => {
    await sayClient(familyOf(client.userAgent), trx);
    const found = await signInVouched(who, trx);
    if (found === null) return undefined;
    const { created, user } = found;
    if (created) await noteSignIn('user.vouched', { actor: user, subject: user.id }, client, trx);
    return { user, grant: await beginSession(user, client, trx) };
  });
  if (signedIn === undefined) throw notVouched();
  return signedIn;
}

function notVouched() {
  return problem('unauthenticated', 'The hash does not fit the external_id');
}

/** Compares the hash with each secret's hash, in constant time. */
function vouches(externalId: string, hash: string): boolean {
  const given = Buffer.from(hash.toLowerCase());
  const fits = env.WIDGET_SECRET.map((secret) => {
    const wanted = Buffer.from(createHmac('sha256', secret).update(externalId).digest('hex'));
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
  return fits.includes(true);
}
