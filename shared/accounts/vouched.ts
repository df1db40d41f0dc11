import { createHmac, timingSafeEqual } from 'node:crypto';
import { knex } from '../../db/knex.ts';
import { signInVouched, type Vouched } from '../../db/models/vouched.ts';
import { env } from '../base/env.ts';
import { problem } from '../base/errors.ts';
import { type Client, noteSignIn } from './client.ts';
import { beginSession, type SignIn } from './signin.ts';

/** Throws `not_configured` where no site shares a secret with this installation. */
export function refuseWithoutSites(): void {
  if (env.WIDGET_SECRET.length === 0) throw problem('not_configured', 'WIDGET_SECRET is not set');
}

/**
 * Signs in somebody whom a site vouches for: the account of that external id, made the first time. The hash covers the id
 * alone, so what else the page says is stored as it is said, and never finds or joins another account.
 * @throws Problem `unauthenticated`, the same for a wrong hash and for an account that is not active
 */
export async function signInByHash(who: Vouched, hash: string, client: Client): Promise<SignIn> {
  if (!vouches(who.external_id, hash)) {
    // Nobody's: that the id has an account is not shown by whoever only names it.
    await noteSignIn('user.vouch_failed', { subject: undefined }, client, knex);
    throw notVouched();
  }
  const signedIn = await knex.transaction(async (trx) => {
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

/** Compares with the hash of each secret, in the same time whichever fits and wherever they differ. */
function vouches(externalId: string, hash: string): boolean {
  const given = Buffer.from(hash.toLowerCase());
  const fits = env.WIDGET_SECRET.map((secret) => {
    const wanted = Buffer.from(createHmac('sha256', secret).update(externalId).digest('hex'));
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
  return fits.includes(true);
}
