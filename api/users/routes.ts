import Router from '@koa/router';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { User } from '../../db/models/user.ts';
import { problem } from '../../shared/errors.ts';
import { hashPassword, passwordFits } from '../auth/password.ts';
import type { RouteContext, State } from '../context.ts';
import { auth } from '../middleware/auth.ts';
import { bodyOf, validate } from '../middleware/validate.ts';
import { presentUser } from './presenter.ts';
import { changeBody, passwordBody } from './schemas.ts';

export const userRoutes = new Router<State>({ prefix: '/users' });

userRoutes.get('/me', auth, async (ctx: RouteContext) => {
  ctx.body = presentUser(await me(ctx));
});

userRoutes.patch('/me', auth, validate(changeBody), async (ctx: RouteContext) => {
  ctx.body = presentUser(await User.change(ctx.state.user.id, bodyOf(ctx, changeBody)));
});

userRoutes.post('/me/password', auth, validate(passwordBody), async (ctx: RouteContext) => {
  const { current_password, new_password } = bodyOf(ctx, passwordBody);
  const user = await me(ctx);
  if (!(await passwordFits(current_password, user.hashed_password))) throw wrongPassword();
  await changePassword(user, await hashPassword(new_password), ctx.state.sid);
  ctx.status = 204;
});

async function me(ctx: RouteContext): Promise<User> {
  return User.query().findById(ctx.state.user.id).throwIfNotFound(problem('unauthenticated'));
}

/** Ends all other sessions. Of two changes at once, both made with the old password, only the first succeeds. */
async function changePassword(user: User, hashed_password: string, sid: number): Promise<void> {
  await knex.transaction(async (trx) => {
    const changed = await User.query(trx)
      .patch({ hashed_password, updated_at: new Date() })
      .where({ id: user.id, hashed_password: user.hashed_password });
    if (changed === 0) throw wrongPassword();
    await Session.endAll(user.id, trx, sid);
  });
}

function wrongPassword() {
  return problem('validation_failed', undefined, {
    errors: [{ path: '/current_password', message: 'is wrong' }],
  });
}
