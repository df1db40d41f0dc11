import Router from '@koa/router';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import type { Context, RouteContext, State } from '../context.ts';
import { auth } from '../middleware/auth.ts';
import { bodyOf, validate } from '../middleware/validate.ts';
import { hashPassword } from './password.ts';
import { presentSignIn } from './presenter.ts';
import { loginBody, logoutBody, refreshBody, registerBody } from './schemas.ts';
import { refresh, register, signIn } from './signin.ts';

export const authRoutes = new Router<State>({ prefix: '/auth' });

authRoutes.post('/register', validate(registerBody), async (ctx: RouteContext) => {
  const { email, password, ...fields } = bodyOf(ctx, registerBody);
  const hashed_password = await hashPassword(password);
  const { user, grant } = await register({ ...fields, email: email.trim(), hashed_password }, userAgent(ctx));
  ctx.status = 201;
  ctx.body = presentSignIn(user, grant);
});

authRoutes.post('/login', validate(loginBody), async (ctx: RouteContext) => {
  const { email, password } = bodyOf(ctx, loginBody);
  const { user, grant } = await signIn(email.trim(), password, userAgent(ctx));
  ctx.body = presentSignIn(user, grant);
});

authRoutes.post('/refresh', validate(refreshBody), async (ctx: RouteContext) => {
  const { user, grant } = await refresh(bodyOf(ctx, refreshBody).refresh_token);
  ctx.body = presentSignIn(user, grant);
});

authRoutes.post('/logout', auth, validate(logoutBody), async (ctx: RouteContext) => {
  const { everywhere } = bodyOf(ctx, logoutBody);
  if (everywhere) await Session.endAll(ctx.state.user.id, knex);
  else await Session.end(ctx.state.sid);
  ctx.status = 204;
});

/** Kept so that people can recognise their sessions. */
function userAgent(ctx: Context): string | null {
  return ctx.get('User-Agent').slice(0, 300) || null;
}
