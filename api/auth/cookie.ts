import type { User } from '../../db/models/user.ts';
import { env } from '../../shared/base/env.ts';
import { invalid, Problem, problem } from '../../shared/base/errors.ts';
import type { Ctx, Next } from '../middleware/ctx.ts';
import { mark } from '../middleware/mark.ts';
import { isOwnPage, isSameOrigin } from '../middleware/origin.ts';
import { presentSignIn } from './presenter.ts';
import type { Grant } from '../../shared/accounts/signin.ts';

/** Whose cookie it is, by `X-Session`: that of a page of ours, or of the widget's frame on a page of another site. */
type Keeper = 'cookie' | 'frame';

/**
 * Each has a cookie of its own, so that a sign-in of a page and one of a frame on the same site are never taken for each other.
 */
const COOKIES: Record<Keeper, { name: string; site: string }> = {
  cookie: { name: 'parley_refresh', site: 'SameSite=Strict' },
  // The browser keeps one for each site that shows the frame (CHIPS).
  frame: { name: 'parley_frame', site: 'SameSite=None; Partitioned' },
};

/**
 * Returns who asks for a cookie; undefined: nobody who may. Browsers send a frame's cookie with requests of the site around it
 * as well. So it counts only where the browser says that the frame itself asks.
 */
function keeperOf(ctx: Ctx): Keeper | undefined {
  const asked = ctx.get('X-Session');
  if (asked === 'frame' && isSameOrigin(ctx.req)) return asked;
  return asked === 'cookie' ? asked : undefined;
}

/**
 * Middleware of every route that signs in: refuses foreign pages that ask for a cookie. SameSite keeps out other sites,
 * but not other hosts of the same site.
 * @throws Problem `forbidden`
 */
export async function cookieSession(ctx: Ctx, next: Next): Promise<void> {
  if (keeperOf(ctx) === 'cookie' && !isOwnPage(ctx.req))
    throw problem('forbidden', 'This origin may not make this request');
  await next();
}
mark(cookieSession, { problems: ['forbidden'] });

/** Middleware of sign-ins with a password, which are never kept in a frame on another site. @throws Problem `forbidden` */
export async function noFrame(ctx: Ctx, next: Next): Promise<void> {
  if (keeperOf(ctx) === 'frame') throw problem('forbidden', 'This sign-in is not for frames');
  await next();
}
mark(noFrame, { problems: ['forbidden'] });

/** Answers a sign-in. The refresh token goes into the body, or into a cookie if the client asked for one. */
export function answerSignIn(ctx: Ctx, { user, grant }: { user: User; grant: Grant }): void {
  const { refresh_token, ...rest } = presentSignIn(user, grant);
  const keeper = keeperOf(ctx);
  if (keeper !== undefined)
    setCookie(ctx, keeper, { value: refresh_token, maxAgeS: env.REFRESH_TOKEN_TTL_S });
  // Whether the browser keeps a frame's cookie shows only when it is sent back. Until then the frame needs the token.
  const isKept = keeper === 'cookie' || (keeper === 'frame' && cookieToken(ctx, keeper) !== undefined);
  ctx.body = isKept ? rest : { ...rest, refresh_token };
}

/**
 * Returns the refresh token of the cookie; '' where a page has none; undefined where a frame has none, which is not a fault: most
 * visitors have never talked. @throws Problem `validation_failed` unless the client asks for a cookie
 */
export function cookieInstead(ctx: Ctx): string | undefined {
  const keeper = keeperOf(ctx);
  if (keeper !== undefined) return cookieToken(ctx, keeper) ?? (keeper === 'frame' ? undefined : '');
  throw invalid('/refresh_token', 'must be present');
}

/** Returns the refresh token of a request's cookie, or undefined. */
function cookieToken(ctx: Ctx, keeper: Keeper): string | undefined {
  return ctx.cookies.get(nameAndPath(keeper).name) || undefined;
}

/** Removes the cookie if the client has one or asks for one. */
export function forgetCookie(ctx: Ctx): void {
  const asked = keeperOf(ctx);
  const keeper = asked ?? 'cookie';
  if (asked !== undefined || cookieToken(ctx, keeper) !== undefined)
    setCookie(ctx, keeper, { value: '', maxAgeS: 0 });
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
function setCookie(ctx: Ctx, keeper: Keeper, { value, maxAgeS }: { value: string; maxAgeS: number }): void {
  const { name, path } = nameAndPath(keeper);
  const { site } = COOKIES[keeper];
  ctx.append('Set-Cookie', `${name}=${value}; Path=${path}; Secure; HttpOnly; ${site}; Max-Age=${maxAgeS}`);
}

/** Names the cookie `__Host-`, which binds it to this host and needs the path `/`. Below another path it is `__Secure-`. */
function nameAndPath(keeper: Keeper): { name: string; path: string } {
  const { name } = COOKIES[keeper];
  const path = (URL.parse(env.PUBLIC_URL)?.pathname ?? '/').replace(/\/+$/, '');
  return path === '' ? { name: `__Host-${name}`, path: '/' } : { name: `__Secure-${name}`, path };
}
