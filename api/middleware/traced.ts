import { tracedRequest } from '../../shared/tracing.ts';
import { type Context, type Next, routePattern } from '../context.ts';

/** Every request is a span, named after its route's pattern. */
export async function traceRequest(ctx: Context, next: Next): Promise<void> {
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
