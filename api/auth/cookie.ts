import type { User } from '../../db/models/user.ts';
import { env } from '../../shared/base/env.ts';
import { Problem, problem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from '../middleware/ctx.ts';
import { mark } from '../middleware/mark.ts';
import { isOwnPage } from '../middleware/origin.ts';
import { presentSignIn } from './presenter.ts';
import type { Grant } from '../../shared/accounts/signin.ts';

/** Says whether a client wants its refresh token in a cookie. */
function wantsCookie(ctx: Ctx): boolean {
  return ctx.get('X-Session') === 'cookie';
}

/**
 * Middleware of every route that signs in: refuses foreign pages that ask for a cookie. SameSite keeps out other sites,
 * but not other hosts of the same site.
 * @throws Problem `forbidden`
 */
export async function cookieSession(ctx: Ctx, next: Next): Promise<void> {
  if (wantsCookie(ctx) && !isOwnPage(ctx.req))
    throw problem('forbidden', 'This origin may not make this request');
  await next();
}
mark(cookieSession, { problems: ['forbidden'] });

/** Answers a sign-in. The refresh token goes into the body, or into a cookie if the client asked for one. */
export function answerSignIn(ctx: Ctx, { user, grant }: { user: User; grant: Grant }): void {
  const { refresh_token, ...rest } = presentSignIn(user, grant);
  if (!wantsCookie(ctx)) {
    ctx.body = { ...rest, refresh_token };
    return;
  }
  setCookie(ctx, refresh_token, env.REFRESH_TOKEN_TTL_S);
  ctx.body = rest;
}

/** Returns the refresh token of the cookie, or ''. @throws Problem `validation_failed` unless the client asks for a cookie */
export function cookieInstead(ctx: Ctx): string {
  if (wantsCookie(ctx)) return cookieToken(ctx) ?? '';
  throw problem('validation_failed', undefined, {
    errors: [{ path: '/refresh_token', message: 'must be present' }],
  });
}

/** Returns the refresh token of a request's cookie, or undefined. */
function cookieToken(ctx: Ctx): string | undefined {
  return ctx.cookies.get(nameAndPath().name) || undefined;
}

/** Removes the cookie if the client has one or asks for one. */
export function forgetCookie(ctx: Ctx): void {
  if (wantsCookie(ctx) || cookieToken(ctx) !== undefined) setCookie(ctx, '', 0);
}

/** Does `work`. Removes the cookie if `work` throws a 401, because its token is worthless then. */
export async function forgetWorthless<T>(ctx: Ctx, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (err) {
    if (err instanceof Problem && err.status === 401) forgetCookie(ctx);
    throw err;
  }
}

/** Writes the header itself: behind a proxy that ends TLS without saying so, Koa refuses to set a Secure cookie. */
function setCookie(ctx: Ctx, value: string, maxAgeS: number): void {
  const { name, path } = nameAndPath();
  ctx.append(
    'Set-Cookie',
    `${name}=${value}; Path=${path}; Secure; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}`,
  );
}

/** Names the cookie `__Host-`, which binds it to this host and needs the path `/`. Below another path it is `__Secure-`. */
function nameAndPath(): { name: string; path: string } {
  const path = (URL.parse(env.PUBLIC_URL)?.pathname ?? '/').replace(/\/+$/, '');
  return path === ''
    ? { name: '__Host-parley_refresh', path: '/' }
    : { name: '__Secure-parley_refresh', path };
}
