import Router from '@koa/router';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { note } from '../audit/note.ts';
import type { Context, RouteContext, State } from '../context.ts';
import {
  limitAttempts,
  PASSWORD_FORGOT,
  PASSWORD_RESET,
  REFRESH,
  REGISTRATION,
  SIGN_IN,
} from '../limits/attempts.ts';
import { auth } from '../middleware/auth.ts';
import { bodyOf, validate } from '../middleware/validate.ts';
import { clientOf } from './client.ts';
import { answerSignIn, cookieInstead, cookieSession, forgetCookie, forgetWorthless } from './cookie.ts';
import { strong } from './newPassword.ts';
import { hashPassword } from './password.ts';
import { beginReset, resetPassword, sendReset } from './reset.ts';
import { forgotBody, loginBody, logoutBody, refreshBody, registerBody, resetBody } from './schemas.ts';
import { refresh, register, signIn } from './signin.ts';

export const authRoutes = new Router<State>({ prefix: '/auth' });

const registering = limitAttempts(REGISTRATION);
authRoutes.post(
  '/register',
  cookieSession,
  validate(registerBody),
  strong('password'),
  registering,
  async (ctx: RouteContext) => {
    const { email, password, ...fields } = bodyOf(ctx, registerBody);
    const hashed_password = await hashPassword(password);
    const signedIn = await register({ ...fields, email: email.trim(), hashed_password }, clientOf(ctx));
    ctx.status = 201;
    answerSignIn(ctx, signedIn);
  },
);

const signingIn = limitAttempts(SIGN_IN, (ctx: Context) => bodyOf(ctx, loginBody).email);
authRoutes.post('/login', cookieSession, validate(loginBody), signingIn, async (ctx: RouteContext) => {
  const { email, password } = bodyOf(ctx, loginBody);
  answerSignIn(ctx, await signIn(email.trim(), password, clientOf(ctx)));
});

const refreshing = limitAttempts(REFRESH);
authRoutes.post('/refresh', cookieSession, validate(refreshBody), refreshing, async (ctx: RouteContext) => {
  const token = bodyOf(ctx, refreshBody).refresh_token ?? cookieInstead(ctx);
  answerSignIn(ctx, await forgetWorthless(ctx, () => refresh(token, clientOf(ctx))));
});

authRoutes.post('/logout', auth, validate(logoutBody), async (ctx: RouteContext) => {
  const { everywhere = false } = bodyOf(ctx, logoutBody);
  const { user, sid } = ctx.state;
  await knex.transaction(async (trx) => {
    if (everywhere) await Session.endAll(user.id, trx);
    else await Session.end(sid, trx);
    await note(ctx, 'session.signed_out', { subject_id: user.id, details: { everywhere } })(sid, trx);
  });
  forgetCookie(ctx);
  ctx.status = 204;
});

const forgetting = limitAttempts(PASSWORD_FORGOT, (ctx: Context) => bodyOf(ctx, forgotBody).email);
authRoutes.post('/password/forgot', validate(forgotBody), forgetting, async (ctx: RouteContext) => {
  const token = await beginReset(bodyOf(ctx, forgotBody).email.trim(), clientOf(ctx));
  if (token !== undefined) sendReset(token);
  ctx.status = 202;
  ctx.body = {};
});

authRoutes.post(
  '/password/reset',
  validate(resetBody),
  strong('password'),
  limitAttempts(PASSWORD_RESET),
  async (ctx: RouteContext) => {
    const { token, password } = bodyOf(ctx, resetBody);
    await resetPassword(token, password, clientOf(ctx));
    ctx.status = 204;
  },
);
