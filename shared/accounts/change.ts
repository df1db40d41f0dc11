import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { EmailVerification } from '../../db/models/emailVerification.ts';
import { oweNotification } from '../../db/models/notification.ts';
import { PasswordReset } from '../../db/models/passwordReset.ts';
import { Session } from '../../db/models/session.ts';
import { User } from '../../db/models/user.ts';
import { problem } from '../base/errors.ts';
import { type By, noted } from './noted.ts';
import { hashPassword, passwordFits, wrongPassword } from './password.ts';

/** The user, the sign-in that stays, and the actor for the audit log. */
type Owner = { id: number; sid: number; by: By };

/**
 * Changes a user's password; ends their other sessions and voids tokens that reset it.
 * Of two changes at once, both made with the old password, only the first succeeds.
 * @throws Problem `validation_failed` when the present password is another, `forbidden` when there is none
 */
export async function changePassword(owner: Owner, present: string, next: string): Promise<void> {
  const before = await verified(owner, present);
  const hash = await hashPassword(next);
  if (await replace(owner, before, hash)) return;
  // The hash has changed: by another change, or by a sign-in at the same time, which replaces an outdated hash once.
  if (await replace(owner, await verified(owner, present), hash)) return;
  throw wrongPassword('/current_password');
}

async function verified({ id, by }: Owner, present: string): Promise<User> {
  const user = await User.own(id);
  if (user.hashed_password === null) throw problem('forbidden', 'This account has no password');
  if (await passwordFits(present, user.hashed_password)) return user;
  await noted(by, 'user.password_change_failed', { subject_id: id })(id, knex);
  throw wrongPassword('/current_password');
}

function replace({ sid, by }: Owner, before: User, hash: string): Promise<boolean> {
  const { id, hashed_password } = before;
  return knex.transaction(async (trx: Knex) => {
    const changed = await User.query(trx)
      .patch({ hashed_password: hash, updated_at: new Date() })
      .where({ id, hashed_password });
    if (changed === 0) return false;
    await Session.endAll(id, trx, sid);
    await PasswordReset.voidAll(id, trx);
    await EmailVerification.voidAll(id, trx);
    await oweNotification('password_changed', id, { session_id: sid }, trx);
    await noted(by, 'user.password_changed', { subject_id: id })(id, trx);
    return true;
  });
}
