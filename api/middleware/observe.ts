import { randomUUID } from 'node:crypto';
import { log } from '../../shared/base/log.ts';
import { httpDuration, httpRequests } from '../../shared/ops/metrics.ts';
import { tracedRequest } from '../../shared/ops/tracing.ts';
import { type Ctx, type Next, routePattern } from './ctx.ts';

const SANE = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives a request one id for its answer and its log lines: the client's `X-Request-Id` if it is sane, else a new one. */
export async function requestId(ctx: Ctx, next: Next): Promise<void> {
  const given = ctx.get('X-Request-Id');
  const id = SANE.test(given) ? given : randomUUID();
  ctx.state.requestId = id;
  ctx.state.log = log.child({ request_id: id });
  ctx.set('X-Request-Id', id);
  await next();
}

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
    'Request answered',
  );
}

/** Counts and times every request under its route's pattern. Paths hold ids, so there is no limit to their number. */
export async function httpMetrics(ctx: Ctx, next: Next): Promise<void> {
  const end = httpDuration.startTimer();
  await next();
  const endpoint = routePattern(ctx) ?? 'unmatched';
  const labels = { method: ctx.method, endpoint, status: String(ctx.status) };
  httpRequests.inc(labels);
  end(labels);
}
