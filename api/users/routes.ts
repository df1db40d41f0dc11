import { listSessions } from '../../db/models/sessionView.ts';
import { by } from '../audit/note.ts';
import { changePassword } from '../../shared/accounts/change.ts';
import { changeAccount, ownAccount, provePassword } from '../../shared/accounts/profile.ts';
import { beginEmailChange } from '../../shared/accounts/verifyEmail.ts';
import { endSession } from '../../shared/accounts/sessions.ts';
import { strong } from '../middleware/validate.ts';
import { type Ctx, clientOf, type Next } from '../middleware/ctx.ts';
import {
  NAME_CHANGE,
  PASSWORD_CHANGE,
  PROFILE_CHANGE,
  SECOND_FACTOR_CONFIRM,
  VERIFY_SEND,
} from '../../shared/limits/policies.ts';
import {
  beginSecondFactor,
  confirmSecondFactor,
  endSecondFactor,
} from '../../shared/accounts/secondFactor.ts';
import { limitAttempts } from '../middleware/limit-attempts.ts';
import { presentSession, presentUser } from '../contract/account.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ctx.ts';
import { userContract } from './contract.ts';

const own = (ctx: Ctx) => String(ctx.state.user.id);
const changing = limitAttempts(PASSWORD_CHANGE, own);
const naming = limitAttempts(NAME_CHANGE, own);

/** Limits changes of the username only: their refusals reveal that a name is taken, or that a password is wrong. */
async function limitNames(ctx: Ctx, next: Next): Promise<unknown> {
  const { username } = ctx.state.body as { username?: string };
  if (username === undefined || username === (await ownAccount(ctx.state.user.id)).username) return next();
  return naming(ctx, next);
}

export const users = serve(userContract, {
  'GET /api/v1/users/me': async (ctx) => {
    ctx.body = presentUser(await ownAccount(ctx.state.user.id));
  },

  'PATCH /api/v1/users/me': [
    limitAttempts(PROFILE_CHANGE, own),
    limitNames,
    async (ctx) => {
      const { password, ...fields } = ctx.state.body;
      await provePassword(ctx.state.user.id, fields, password);
      ctx.body = presentUser(await changeAccount(ctx.state.user.id, fields, by(ctx), clientOf(ctx)));
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

  'POST /api/v1/users/me/email': [
    limitAttempts(VERIFY_SEND, own),
    changing,
    async (ctx) => {
      const { email, password } = ctx.state.body;
      await beginEmailChange({ id: ctx.state.user.id, by: by(ctx) }, email.trim(), password);
      ctx.body = {};
    },
  ],

  'POST /api/v1/users/me/second-factor': [
    changing,
    async (ctx) => {
      const owner = { id: ctx.state.user.id, by: by(ctx) };
      ctx.body = await beginSecondFactor(owner, ctx.state.body.password);
    },
  ],

  'POST /api/v1/users/me/second-factor/confirm': [
    limitAttempts(SECOND_FACTOR_CONFIRM, own),
    async (ctx) => {
      await confirmSecondFactor({ id: ctx.state.user.id, by: by(ctx) }, ctx.state.body.code);
    },
  ],

  'DELETE /api/v1/users/me/second-factor': [
    changing,
    async (ctx) => {
      const { user, sid } = ctx.state;
      await endSecondFactor({ id: user.id, sid, by: by(ctx) }, ctx.state.body.password);
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
    await endSession({ id: ctx.state.user.id, sid: pathId(ctx), by: by(ctx) });
  },
});
