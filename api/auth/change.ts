import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { PasswordReset } from '../../db/models/passwordReset.ts';
import { Session } from '../../db/models/session.ts';
import { User } from '../../db/models/user.ts';
import { problem } from '../../shared/base/errors.ts';
import { note } from '../audit/note.ts';
import type { RouteContext } from '../context.ts';
import { hashPassword, passwordFits } from './password.ts';

/**
 * Changes the password of whoever is signed in; ends their other sessions and makes tokens that reset it worthless.
 * Of two changes at once, both made with the old password, only the first succeeds.
 * @throws Problem `validation_failed` when the present password is another
 */
export async function changePassword(ctx: RouteContext, present: string, next: string): Promise<void> {
  const before = await verified(ctx, present);
  const hash = await hashPassword(next);
  if (await replace(ctx, before, hash)) return;
  // Either somebody changed it, or a sign-in at the same time replaced its hash, which happens once.
  if (await replace(ctx, await verified(ctx, present), hash)) return;
  throw wrongPassword();
}

async function verified(ctx: RouteContext, present: string): Promise<User> {
  const user = await User.own(ctx.state.user.id);
  if (await passwordFits(present, user.hashed_password)) return user;
  await note(ctx, 'user.password_change_failed', { subject_id: user.id })(user.id, knex);
  throw wrongPassword();
}

function replace(ctx: RouteContext, before: User, hash: string): Promise<boolean> {
  const { id, hashed_password } = before;
  return knex.transaction(async (trx: Knex) => {
    const changed = await User.query(trx)
      .patch({ hashed_password: hash, updated_at: new Date() })
      .where({ id, hashed_password });
    if (changed === 0) return false;
    await Session.endAll(id, trx, ctx.state.sid);
    await PasswordReset.voidAll(id, trx);
    await note(ctx, 'user.password_changed', { subject_id: id })(id, trx);
    return true;
  });
}

function wrongPassword() {
  return problem('validation_failed', undefined, {
    errors: [{ path: '/current_password', message: 'must be your present password' }],
  });
}
