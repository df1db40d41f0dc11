import { Problem, problem } from '../../../shared/base/errors.ts';
import { authenticate, type Signed } from '../../../shared/accounts/authenticate.ts';
import { bearer } from '../../middleware/auth.ts';
import type { Ctx, Next } from '../../middleware/ctx.ts';
import { mark } from '../../middleware/mark.ts';
import { publicOrigin } from '../../middleware/origin.ts';
import { forbiddenPage, signInPage } from './pages.ts';
import { signedByCookie } from './signin.ts';

/**
 * Bull Board needs inline styles. Scripts come from this server alone, and nothing comes from other sites. The panel may frame
 * it.
 */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'self'",
  "frame-ancestors 'self'",
].join('; ');

/** Sets the headers of this mount. With the API's `no-referrer`, browsers would hide which page sent a form. */
export async function headers(ctx: Ctx, next: Next): Promise<void> {
  ctx.set('Content-Security-Policy', CSP);
  ctx.set('Referrer-Policy', 'same-origin');
  ctx.set('X-Frame-Options', 'SAMEORIGIN');
  await next();
}

/** Lets administrators through. Others get a page in a browser, else a problem. @throws Problem `unauthenticated`, `token_expired`, `forbidden` */
export async function adminOnly(ctx: Ctx, next: Next): Promise<void> {
  try {
    const { user, sid } = await signed(ctx);
    Object.assign(ctx.state, { user, sid });
    if (user.role !== 'admin') throw problem('forbidden');
  } catch (err) {
    if (!(err instanceof Problem) || err.status >= 500 || !wantsPage(ctx)) throw err;
    ctx.status = err.status;
    ctx.body = err.status === 401 ? signInPage() : forbiddenPage();
    return;
  }
  await next();
}
mark(adminOnly, { security: 'board', problems: ['unauthenticated', 'token_expired', 'forbidden'] });

/**
 * Refuses a change that a page of another site asks for. That the cookie is `SameSite=Strict` is not enough: a sign-in has
 * no cookie yet. A request without both headers is not from a browser.
 * @throws Problem `forbidden`
 */
export function refuseForeign(ctx: Ctx): void {
  const site = ctx.get('Sec-Fetch-Site');
  const origin = ctx.get('Origin');
  const ours = ['', publicOrigin].includes(origin) || URL.parse(origin)?.host === ctx.host;
  const own = site === '' ? ours : site === 'same-origin';
  if (!own) throw problem('forbidden', 'A page of another site made this request');
}

async function signed(ctx: Ctx): Promise<Signed> {
  const token = bearer(ctx);
  if (token !== '') return authenticate(token);
  if (!['GET', 'HEAD'].includes(ctx.method)) refuseForeign(ctx);
  return signedByCookie(ctx);
}

function wantsPage(ctx: Ctx): boolean {
  return ctx.accepts('json', 'html') === 'html';
}
