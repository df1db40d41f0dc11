import helmet from 'koa-helmet';
import type { Ctx, Next } from './ctx.ts';

/**
 * Answers are data and load nothing, so the policy is the strictest. The pages /docs and /admin/queues set their own
 * (api/docs/routes.ts, api/admin/board/adminOnly.ts). docs/security.md lists the other headers that helmet sets.
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

/** Sets helmet's headers, and keeps answers out of caches: they hold tokens and conversations. */
export async function securityHeaders(ctx: Ctx, next: Next): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  // Strict-Transport-Security must not be sent over plain HTTP (RFC 6797).
  const protect = ctx.secure ? overTls : plain;
  await protect(ctx as Parameters<typeof protect>[0], next as Parameters<typeof protect>[1]);
}
