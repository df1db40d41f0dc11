import { httpDuration, httpRequests } from '../../shared/ops/metrics.ts';
import { type Ctx, type Next, routePattern } from './ctx.ts';

/** Counts and times every request under its route's pattern. Paths hold ids, so there is no limit to their number. */
export async function httpMetrics(ctx: Ctx, next: Next): Promise<void> {
  const end = httpDuration.startTimer();
  await next();
  const endpoint = routePattern(ctx) ?? 'unmatched';
  const labels = { method: ctx.method, endpoint, status: String(ctx.status) };
  httpRequests.inc(labels);
  end(labels);
}
