import type { User } from '../../db/models/user.ts';
import { env } from '../../shared/base/env.ts';
import { Problem, problem } from '../../shared/base/errors.ts';
import type { Context, Next } from '../middleware/context.ts';
import { mark } from '../middleware/mark.ts';
import { isOwnPage } from '../middleware/origin.ts';
import { presentSignIn } from './presenter.ts';
import type { Grant } from '../../shared/accounts/signin.ts';

/** Whether a client wants its refresh token in a cookie. */
export function wantsCookie(ctx: Context): boolean {
  return ctx.get('X-Session') === 'cookie';
}

/**
 * Middleware of every route that signs in: refuses pages of other sites where a cookie is asked for. Throws `forbidden`.
 * SameSite keeps other sites out already, not other hosts of the same site.
 */
export async function cookieSession(ctx: Context, next: Next): Promise<void> {
  if (wantsCookie(ctx) && !isOwnPage(ctx.req)) throw problem('forbidden', 'Not from pages of this site');
  await next();
}
mark(cookieSession, { problems: ['forbidden'] });

/** Answers a sign-in: its refresh token goes into the body, or into the cookie where the client asked for that. */
export function answerSignIn(ctx: Context, { user, grant }: { user: User; grant: Grant }): void {
  const { refresh_token, ...rest } = presentSignIn(user, grant);
  if (!wantsCookie(ctx)) {
    ctx.body = { ...rest, refresh_token };
    return;
  }
  setCookie(ctx, refresh_token, env.REFRESH_TOKEN_TTL_S);
  ctx.body = rest;
}

/** The refresh token of a body that has none: that of the cookie, '' without one. Throws `validation_failed` unless asked for. */
export function cookieInstead(ctx: Context): string {
  if (wantsCookie(ctx)) return cookieToken(ctx) ?? '';
  throw problem('validation_failed', undefined, {
    errors: [{ path: '/refresh_token', message: 'is required' }],
  });
}

/** The refresh token of a request's cookie; undefined where there is none. */
function cookieToken(ctx: Context): string | undefined {
  return ctx.cookies.get(nameAndPath().name) || undefined;
}

/** Removes the cookie where the client has one. */
export function forgetCookie(ctx: Context): void {
  if (wantsCookie(ctx) || cookieToken(ctx) !== undefined) setCookie(ctx, '', 0);
}

/** Does `work`; removes the cookie where it finds the token worthless. */
export async function forgetWorthless<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (err) {
    if (err instanceof Problem && err.status === 401) forgetCookie(ctx);
    throw err;
  }
}

/** Written by hand: the jar of Koa sets no Secure cookie behind a proxy that does not say that it ends TLS. */
function setCookie(ctx: Context, value: string, maxAgeS: number): void {
  const { name, path } = nameAndPath();
  ctx.append(
    'Set-Cookie',
    `${name}=${value}; Path=${path}; Secure; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}`,
  );
}

/** `__Host-` binds the cookie to this host and wants the path `/`; below a path of its own only `__Secure-` is possible. */
function nameAndPath(): { name: string; path: string } {
  const path = (URL.parse(env.PUBLIC_URL)?.pathname ?? '/').replace(/\/+$/, '');
  return path === ''
    ? { name: '__Host-parley_refresh', path: '/' }
    : { name: '__Secure-parley_refresh', path };
}
