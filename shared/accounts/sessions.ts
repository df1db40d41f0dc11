import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { found, problem } from '../base/errors.ts';
import { type Client, noteSignIn } from './client.ts';
import { type By, noted } from './noted.ts';
import type { SignIn } from './signin.ts';
import { verifyAccess } from './tokens.ts';

/** A user's session, and who is noted as acting. */
type Owner = { id: number; sid: number; by: By };

/** Ends the session of a user; `everywhere`: all of theirs. */
export async function signOut({ id, sid, by }: Owner, everywhere?: boolean): Promise<void> {
  await knex.transaction(async (trx) => {
    if (everywhere) await Session.endAll(id, trx);
    else await Session.end(sid, trx);
    await noted(by, 'session.signed_out', { subject_id: id, details: { everywhere } })(sid, trx);
  });
}

/** Ends a living session of a user. Throws `not_found`. */
export async function endSession({ id, sid, by }: Owner): Promise<void> {
  await knex.transaction(async (trx) => {
    found(await Session.endOwn(sid, id, trx));
    await noted(by, 'session.ended', { subject_id: id })(sid, trx);
  });
}

/**
 * Notes that an administrator signed in to Bull Board.
 * @returns the session that began. Throws `forbidden` for others than administrators, whose session ends
 */
export async function openBoard({ user, grant }: SignIn, client: Client): Promise<number> {
  const { sid } = verifyAccess(grant.access);
  const act = { actor: user, subject: user.id, session: sid };
  if (user.role === 'admin') {
    await noteSignIn('session.board_opened', act, client, knex);
    return sid;
  }
  await knex.transaction(async (trx) => {
    await Session.end(sid, trx);
    await noteSignIn('session.board_refused', act, client, trx);
  });
  throw problem('forbidden');
}
