import { by } from '../audit/note.ts';
import { serve } from '../contract/serve.ts';
import {
  GUEST,
  PASSWORD_FORGOT,
  PASSWORD_RESET,
  REFRESH,
  REGISTRATION,
  SECOND_FACTOR,
  SIGN_IN,
  VERIFY,
  VERIFY_SEND,
  WIDGET,
} from '../../shared/limits/policies.ts';
import { limitAttempts } from '../middleware/limit-attempts.ts';
import { clientOf } from '../middleware/ctx.ts';
import { authContract } from './contract.ts';
import {
  answerSignIn,
  cookieInstead,
  cookieSession,
  forgetCookie,
  forgetWorthless,
  noFrame,
} from './cookie.ts';
import { strong } from '../middleware/validate.ts';
import { oneLine } from '../../shared/base/oneLine.ts';
import { hashPassword } from '../../shared/accounts/password.ts';
import { beginReset, logReset, refuseUnsentResets, resetPassword } from '../../shared/accounts/reset.ts';
import { signOut } from '../../shared/accounts/sessions.ts';
import { guestOf, refuseUnlessOpen, signInGuest, upgrade } from '../../shared/accounts/guests.ts';
import { signInBySecondFactor } from '../../shared/accounts/secondFactor.ts';
import { verifySecondFactor } from '../../shared/accounts/tokens.ts';
import { refresh, register, signIn } from '../../shared/accounts/signin.ts';
import { sendVerification, verifyEmail } from '../../shared/accounts/verifyEmail.ts';
import { refuseWithoutSites, signInByHash } from '../../shared/accounts/vouched.ts';
import type { Ctx, Next } from '../middleware/ctx.ts';
import { bearer } from '../middleware/auth.ts';

/** Comes before the limits: a request that is always refused uses none of them up. */
function ifOpen(_ctx: Ctx, next: Next): Promise<unknown> {
  refuseUnlessOpen();
  return next();
}

function ifConfigured(_ctx: Ctx, next: Next): Promise<unknown> {
  refuseWithoutSites();
  return next();
}

function ifSent(_ctx: Ctx, next: Next): Promise<unknown> {
  refuseUnsentResets();
  return next();
}

export const authentication = serve(authContract, {
  'POST /api/v1/auth/register': [
    cookieSession,
    noFrame,
    strong('password'),
    limitAttempts(REGISTRATION),
    async (ctx) => {
      const { email, password, ...fields } = ctx.state.body;
      // Another scheme is of a proxy before us, such as a password for the whole site.
      const isOurs = /^Bearer\b/i.test(ctx.get('Authorization').trim());
      const guest = isOurs ? await guestOf(bearer(ctx)) : undefined;
      const hashed_password = await hashPassword(password);
      const account = { ...fields, email: email.trim(), hashed_password };
      const client = clientOf(ctx);
      answerSignIn(ctx, await (guest ? upgrade(guest, account, client) : register(account, client)));
    },
  ],

  'POST /api/v1/auth/guest': [
    cookieSession,
    ifOpen,
    limitAttempts(GUEST),
    async (ctx) => {
      answerSignIn(ctx, await signInGuest(ctx.state.body, clientOf(ctx)));
    },
  ],

  'POST /api/v1/auth/widget': [
    cookieSession,
    ifConfigured,
    limitAttempts(WIDGET),
    async (ctx) => {
      const { hash, email, name, ...said } = ctx.state.body;
      const who = {
        language: null,
        gdpr_consent: null,
        data_processing_consent: null,
        ...said,
        contact_email: email?.trim() ?? null,
        // A page may send any name. The name is cleaned, because a refusal would keep the visitor out.
        first_name: oneLine(name ?? '') || null,
      };
      answerSignIn(ctx, await signInByHash(who, hash, clientOf(ctx)));
    },
  ],

  'POST /api/v1/auth/login': [
    cookieSession,
    noFrame,
    limitAttempts(SIGN_IN, (ctx) => ctx.state.body.email),
    async (ctx) => {
      const { email, password } = ctx.state.body;
      answerSignIn(ctx, await signIn(email.trim(), password, clientOf(ctx)));
    },
  ],

  'POST /api/v1/auth/second-factor': [
    cookieSession,
    noFrame,
    limitAttempts(SECOND_FACTOR, (ctx) => verifySecondFactor(ctx.state.body.token).sub),
    async (ctx) => {
      const { token, code } = ctx.state.body;
      answerSignIn(ctx, await signInBySecondFactor(token, code, clientOf(ctx)));
    },
  ],

  'POST /api/v1/auth/refresh': [
    cookieSession,
    limitAttempts(REFRESH),
    async (ctx) => {
      const token = ctx.state.body.refresh_token ?? cookieInstead(ctx);
      if (token === undefined) {
        ctx.status = 204;
        return;
      }
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
    ifSent,
    limitAttempts(PASSWORD_FORGOT, (ctx) => ctx.state.body.email),
    async (ctx) => {
      const token = await beginReset(ctx.state.body.email.trim(), clientOf(ctx));
      if (token !== undefined) logReset(token);
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

  'POST /api/v1/auth/verify-email': [
    limitAttempts(VERIFY),
    async (ctx) => {
      await verifyEmail(ctx.state.body.token, clientOf(ctx));
    },
  ],

  'POST /api/v1/auth/verify-email/send': [
    limitAttempts(VERIFY_SEND, (ctx) => String(ctx.state.user.id)),
    async (ctx) => {
      await sendVerification(ctx.state.user.id);
      ctx.body = {};
    },
  ],
});
