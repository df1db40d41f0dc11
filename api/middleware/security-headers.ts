import helmet from 'koa-helmet';
import type { Context, Next } from './context.ts';

/**
 * Answers are data and load nothing: the strictest policy there is. /docs and /admin/queues, which are pages, set their
 * own (api/docs/routes.ts, api/admin/board/adminOnly.ts). What helmet sets besides is in docs/security.md.
 */
const common = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  xFrameOptions: { action: 'deny' },
} as const;
const plain = helmet({ ...common, strictTransportSecurity: false });
const overTls = helmet({
  ...common,
  strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: true },
});

/** helmet's headers; and answers, which hold tokens and conversations, stay out of caches. */
export async function securityHeaders(ctx: Context, next: Next): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  // Without TLS browsers ignore it, and over plain HTTP it must not be sent (RFC 6797).
  const protect = ctx.secure ? overTls : plain;
  await protect(ctx as Parameters<typeof protect>[0], next as Parameters<typeof protect>[1]);
}
