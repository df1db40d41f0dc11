import helmet from 'koa-helmet';
import type { Context, Next } from '../context.ts';

const protect = helmet();

/** helmet's headers; and answers, which hold tokens and conversations, stay out of caches. */
export async function securityHeaders(ctx: Context, next: Next): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  await protect(ctx as Parameters<typeof protect>[0], next as Parameters<typeof protect>[1]);
}
