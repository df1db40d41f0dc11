import { tracedRequest } from '../../shared/ops/tracing.ts';
import { type Ctx, type Next, routePattern } from './ctx.ts';

/** Traces each request to the API as a span named after its route's pattern. Probes and pages have no span. */
export async function traceRequest(ctx: Ctx, next: Next): Promise<void> {
  if (!ctx.path.startsWith('/api/')) return void (await next());
  await tracedRequest(ctx.headers, ctx.method, async (span) => {
    await next();
    const route = routePattern(ctx);
    if (route !== undefined) span?.updateName(`${ctx.method} ${route}`);
    span?.setAttributes({
      'http.response.status_code': ctx.status,
      'parley.request_id': ctx.state.requestId,
    });
  });
}
