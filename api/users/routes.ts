import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { listSessions } from '../../db/models/sessionView.ts';
import { User } from '../../db/models/user.ts';
import { found } from '../../shared/base/errors.ts';
import { by, note } from '../audit/note.ts';
import { changePassword } from '../../shared/accounts/change.ts';
import { strong } from '../middleware/strong-password.ts';
import type { Context, Next } from '../context.ts';
import { NAME_CHANGE, PASSWORD_CHANGE, PROFILE_CHANGE } from '../../shared/limits/attempts.ts';
import { limitAttempts } from '../middleware/limit-attempts.ts';
import { presentUser } from '../contract/account.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ids.ts';
import { settleInBackground } from '../../shared/delivery/settle.ts';
import { presentSession, userContract } from './contract.ts';

const own = (ctx: Context) => String(ctx.state.user.id);
const changing = limitAttempts(PASSWORD_CHANGE, own);
const naming = limitAttempts(NAME_CHANGE, own);

/** Limits changes of the username only: a refusal tells that somebody has the name. */
async function limitNames(ctx: Context, next: Next): Promise<unknown> {
  const { username } = ctx.state.body as { username?: string };
  if (username === undefined || username === (await User.own(ctx.state.user.id)).username) return next();
  return naming(ctx, next);
}

export const users = serve(userContract, {
  'GET /api/v1/users/me': async (ctx) => {
    ctx.body = presentUser(await User.own(ctx.state.user.id));
  },

  'PATCH /api/v1/users/me': [
    limitAttempts(PROFILE_CHANGE, own),
    limitNames,
    async (ctx) => {
      const { id } = ctx.state.user;
      const { user, ended } = await knex.transaction(async (trx) => {
        const changed = await User.change(id, ctx.state.body, trx);
        const entry = note(ctx, 'user.changed', { subject_id: id, details: { fields: changed.names } });
        // Nothing new is no entry: they stay for good.
        if (changed.names.length > 0) await entry(id, trx);
        const cancelled = changed.user.data_processing_consent ? [] : await User.cancelRuns(id, trx);
        return { user: changed.user, ended: cancelled };
      });
      settleInBackground({ ended, next: null });
      ctx.body = presentUser(user);
    },
  ],

  'POST /api/v1/users/me/password': [
    strong('new_password'),
    changing,
    async (ctx) => {
      const { current_password, new_password } = ctx.state.body;
      const { user, sid } = ctx.state;
      await changePassword({ id: user.id, sid, by: by(ctx) }, current_password, new_password);
    },
  ],

  'GET /api/v1/users/me/sessions': async (ctx) => {
    const { user, sid } = ctx.state;
    ctx.body = await pageOf(ctx.state.query, {
      list: 'sessions',
      by: ['id'],
      find: (limit, after) => listSessions(user.id, { limit, beforeId: after?.id ?? null }),
      present: (session) => presentSession({ ...session, current: session.id === sid }),
    });
  },

  'DELETE /api/v1/users/me/sessions/:id': async (ctx) => {
    const sid = pathId(ctx);
    const { id } = ctx.state.user;
    await knex.transaction(async (trx) => {
      found(await Session.endOwn(sid, id, trx));
      await note(ctx, 'session.ended', { subject_id: id })(sid, trx);
    });
  },
});
