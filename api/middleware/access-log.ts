import { type Ctx, type Next, routePattern } from './ctx.ts';

/** Logs one line per request, without content. Names the route's pattern, because a path may hold ids or a token. */
export async function accessLog(ctx: Ctx, next: Next): Promise<void> {
  const began = performance.now();
  await next();
  ctx.state.log.info(
    {
      method: ctx.method,
      route: routePattern(ctx) ?? null,
      status: ctx.status,
      ms: Math.round(performance.now() - began),
      user_id: ctx.state.user?.id ?? ctx.state.sender?.id ?? null,
    },
    'request',
  );
}
