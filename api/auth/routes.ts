import { by } from '../audit/note.ts';
import { serve } from '../contract/serve.ts';
import {
  PASSWORD_FORGOT,
  PASSWORD_RESET,
  REFRESH,
  REGISTRATION,
  SIGN_IN,
} from '../../shared/limits/attempts.ts';
import { limitAttempts } from '../middleware/limit-attempts.ts';
import { clientOf } from './client.ts';
import { authContract } from './contract.ts';
import { answerSignIn, cookieInstead, cookieSession, forgetCookie, forgetWorthless } from './cookie.ts';
import { strong } from '../middleware/strong-password.ts';
import { hashPassword } from '../../shared/accounts/password.ts';
import { beginReset, resetPassword, sendReset } from '../../shared/accounts/reset.ts';
import { signOut } from '../../shared/accounts/sessions.ts';
import { refresh, register, signIn } from '../../shared/accounts/signin.ts';

export const authentication = serve(authContract, {
  'POST /api/v1/auth/register': [
    cookieSession,
    strong('password'),
    limitAttempts(REGISTRATION),
    async (ctx) => {
      const { email, password, ...fields } = ctx.state.body;
      const hashed_password = await hashPassword(password);
      const account = { ...fields, email: email.trim(), hashed_password };
      answerSignIn(ctx, await register(account, clientOf(ctx)));
    },
  ],

  'POST /api/v1/auth/login': [
    cookieSession,
    limitAttempts(SIGN_IN, (ctx) => ctx.state.body.email),
    async (ctx) => {
      const { email, password } = ctx.state.body;
      answerSignIn(ctx, await signIn(email.trim(), password, clientOf(ctx)));
    },
  ],

  'POST /api/v1/auth/refresh': [
    cookieSession,
    limitAttempts(REFRESH),
    async (ctx) => {
      const token = ctx.state.body.refresh_token ?? cookieInstead(ctx);
      answerSignIn(ctx, await forgetWorthless(ctx, () => refresh(token, clientOf(ctx))));
    },
  ],

  'POST /api/v1/auth/logout': async (ctx) => {
    const { everywhere = false } = ctx.state.body;
    const { user, sid } = ctx.state;
    await signOut({ id: user.id, sid, by: by(ctx) }, everywhere);
    forgetCookie(ctx);
  },

  'POST /api/v1/auth/password/forgot': [
    limitAttempts(PASSWORD_FORGOT, (ctx) => ctx.state.body.email),
    async (ctx) => {
      const token = await beginReset(ctx.state.body.email.trim(), clientOf(ctx));
      if (token !== undefined) sendReset(token);
      ctx.body = {};
    },
  ],

  'POST /api/v1/auth/password/reset': [
    strong('password'),
    limitAttempts(PASSWORD_RESET),
    async (ctx) => {
      const { token, password } = ctx.state.body;
      await resetPassword(token, password, clientOf(ctx));
    },
  ],
});
