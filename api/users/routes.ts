import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { listSessions } from '../../db/models/sessionView.ts';
import { User } from '../../db/models/user.ts';
import { found } from '../../shared/errors.ts';
import { note } from '../audit/note.ts';
import { changePassword } from '../auth/change.ts';
import { strong } from '../auth/newPassword.ts';
import type { Context } from '../context.ts';
import { presentUser } from '../contract/account.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { limitAttempts, PASSWORD_CHANGE } from '../limits/attempts.ts';
import { pathId } from '../middleware/ids.ts';
import { presentSession, userContract } from './contract.ts';

const changing = limitAttempts(PASSWORD_CHANGE, (ctx: Context) => String(ctx.state.user.id));

export const users = serve(userContract, {
  'GET /api/v1/users/me': async (ctx) => {
    ctx.body = presentUser(await User.own(ctx.state.user.id));
  },

  'PATCH /api/v1/users/me': async (ctx) => {
    const { id } = ctx.state.user;
    const fields = ctx.state.body;
    const user = await knex.transaction(async (trx) => {
      const changed = await User.change(id, fields, trx);
      const details = { fields: Object.keys(fields) };
      await note(ctx, 'user.changed', { subject_id: id, details })(id, trx);
      return changed;
    });
    ctx.body = presentUser(user);
  },

  'POST /api/v1/users/me/password': [
    strong('new_password'),
    changing,
    async (ctx) => {
      const { current_password, new_password } = ctx.state.body;
      await changePassword(ctx, current_password, new_password);
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
