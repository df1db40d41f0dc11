import Router from '@koa/router';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { listSessions } from '../../db/models/sessionView.ts';
import { User } from '../../db/models/user.ts';
import { problem } from '../../shared/base/errors.ts';
import { note } from '../audit/note.ts';
import { changePassword } from '../auth/change.ts';
import { strong } from '../auth/newPassword.ts';
import type { Context, Next, RouteContext, State } from '../context.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { limitAttempts, NAME_CHANGE, PASSWORD_CHANGE, PROFILE_CHANGE } from '../limits/attempts.ts';
import { auth } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { settleInBackground } from '../runs/settle.ts';
import { bodyOf, queryOf, validate, validateQuery } from '../middleware/validate.ts';
import { presentSession, presentUser } from './presenter.ts';
import { changeBody, passwordBody, sessionsQuery } from './schemas.ts';

export const userRoutes = new Router<State>({ prefix: '/users' });

userRoutes.get('/me', auth, async (ctx: RouteContext) => {
  ctx.body = presentUser(await User.own(ctx.state.user.id));
});

const own = (ctx: Context) => String(ctx.state.user.id);
const naming = limitAttempts(NAME_CHANGE, own);

/** Only another name can be somebody's. */
async function limitNames(ctx: Context, next: Next): Promise<unknown> {
  const { username } = bodyOf(ctx, changeBody);
  if (username === undefined || username === (await User.own(ctx.state.user.id)).username) return next();
  return naming(ctx, next);
}

userRoutes.patch(
  '/me',
  auth,
  validate(changeBody),
  limitAttempts(PROFILE_CHANGE, own),
  limitNames,
  async (ctx: RouteContext) => {
    const { id } = ctx.state.user;
    const { user, ended } = await knex.transaction(async (trx) => {
      const changed = await User.change(id, bodyOf(ctx, changeBody), trx);
      const entry = note(ctx, 'user.changed', { subject_id: id, details: { fields: changed.names } });
      // Nothing new is no entry: they stay for good.
      if (changed.names.length > 0) await entry(id, trx);
      const cancelled = changed.user.data_processing_consent ? [] : await User.cancelRuns(id, trx);
      return { user: changed.user, ended: cancelled };
    });
    settleInBackground({ ended, next: null });
    ctx.body = presentUser(user);
  },
);

const changing = limitAttempts(PASSWORD_CHANGE, own);
userRoutes.post(
  '/me/password',
  auth,
  validate(passwordBody),
  strong('new_password'),
  changing,
  async (ctx: RouteContext) => {
    const { current_password, new_password } = bodyOf(ctx, passwordBody);
    await changePassword(ctx, current_password, new_password);
    ctx.status = 204;
  },
);

userRoutes.get('/me/sessions', auth, validateQuery(sessionsQuery), async (ctx: RouteContext) => {
  const { limit, cursor } = queryOf(ctx, sessionsQuery);
  const beforeId = cursor === undefined ? null : (decodeCursor('sessions', cursor, 1)[0] ?? null);
  const found = await listSessions(ctx.state.user.id, { limit: limit + 1, beforeId });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = {
    data: data.map((session) => presentSession(session, ctx.state.sid)),
    next_cursor: last ? encodeCursor('sessions', [last.id]) : null,
  };
});

userRoutes.delete('/me/sessions/:id', auth, async (ctx: RouteContext) => {
  const sid = pathId(ctx);
  const { id } = ctx.state.user;
  await knex.transaction(async (trx) => {
    if (!(await Session.endOwn(sid, id, trx))) throw problem('not_found');
    await note(ctx, 'session.ended', { subject_id: id })(sid, trx);
  });
  ctx.status = 204;
});
