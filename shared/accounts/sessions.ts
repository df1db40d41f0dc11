import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { found, problem } from '../base/errors.ts';
import { mustEnrol, type SignedUser } from './authenticate.ts';
import { type Client, noteSignIn } from './client.ts';
import { type By, noted } from './noted.ts';
import type { SignIn } from './signin.ts';
import { verifyAccess } from './tokens.ts';

/** A user's session, and the actor for the audit log. */
type Owner = { id: number; sid: number; by: By };

/** Ends a user's session. @param everywhere ends all of the user's sessions */
export async function signOut({ id, sid, by }: Owner, everywhere?: boolean): Promise<void> {
  await knex.transaction(async (trx) => {
    if (everywhere) await Session.endAll(id, trx);
    else await Session.end(sid, trx);
    await noted(by, 'session.signed_out', { subject_id: id, details: { everywhere } })(sid, trx);
  });
}

/** Ends an active session of a user. @throws Problem `not_found` */
export async function endSession({ id, sid, by }: Owner): Promise<void> {
  await knex.transaction(async (trx) => {
    found(await Session.endOwn(sid, id, trx));
    await noted(by, 'session.ended', { subject_id: id })(sid, trx);
  });
}

/**
 * Notes an administrator's sign-in to Bull Board.
 * @returns the new session's id
 * @throws Problem `forbidden` for other users, and for those who must enrol a second factor first; ends their session
 */
export async function openBoard({ user, grant }: SignIn, client: Client): Promise<number> {
  const { sid } = verifyAccess(grant.access);
  const act = { actor: user, subject: user.id, session: sid };
  if (user.role === 'admin' && !mustEnrol(user)) {
    await noteBoard(user, sid, client);
    return sid;
  }
  await knex.transaction(async (trx) => {
    await Session.end(sid, trx);
    await noteSignIn('session.board_refused', act, client, trx);
  });
  throw problem('forbidden');
}

/** Notes that an administrator opens Bull Board with an existing session. */
export async function noteBoard(
  user: Pick<SignedUser, 'id' | 'role'>,
  sid: number,
  client: Client,
): Promise<void> {
  await noteSignIn('session.board_opened', { actor: user, subject: user.id, session: sid }, client, knex);
}
