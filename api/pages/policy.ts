import { env } from '../../shared/base/env.ts';
import type { Ctx, Next } from '../middleware/ctx.ts';

/**
 * What a page may load: files of this server, nothing inline. Trusted Types refuse strings where scripts could begin.
 * The one policy that a page may make is `parley`, for the address of its service worker.
 */
const PARTS = [
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
  "require-trusted-types-for 'script'",
  'trusted-types parley',
];
const CSP = [...PARTS, "frame-ancestors 'none'"].join('; ');
const PANEL_CSP = `${CSP}; frame-src 'self'`;
const FRAME_CSP = [...PARTS, `frame-ancestors 'self' ${env.WIDGET_ORIGINS.join(' ')}`.trim()].join('; ');

/** Sets the policy of pages, which is looser than that of the API. */
export async function pagePolicy(ctx: Ctx, next: Next): Promise<void> {
  ctx.set('Content-Security-Policy', CSP);
  await next();
}

/** Sets the policy of the panel: that of pages, except that it shows the widget's frame, to try it out. */
export async function panelPolicy(ctx: Ctx, next: Next): Promise<void> {
  ctx.set('Content-Security-Policy', PANEL_CSP);
  await next();
}

/** Sets the policy of the widget's frame: that of pages, except that the sites of WIDGET_ORIGINS may show it. */
export async function framePolicy(ctx: Ctx, next: Next): Promise<void> {
  ctx.set('Content-Security-Policy', FRAME_CSP);
  // It knows no list of sites, and `frame-ancestors` says more.
  ctx.remove('X-Frame-Options');
  await next();
}
