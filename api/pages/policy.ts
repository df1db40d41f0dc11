import type { Context, Next } from '../middleware/context.ts';

/**
 * What a page may load: files of this server, nothing inline. Trusted Types refuse strings where scripts could begin.
 * The one policy that a page may make is `parley`, for the address of its service worker.
 */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types parley',
].join('; ');

/** Sets the policy of pages, which is looser than that of the API. */
export async function pagePolicy(ctx: Context, next: Next): Promise<void> {
  ctx.set('Content-Security-Policy', CSP);
  await next();
}
