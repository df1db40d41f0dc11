import Router from '@koa/router';
import { problem } from '../../shared/base/errors.ts';
import { registry } from '../../shared/ops/metrics.ts';
import { mayScrape } from '../../shared/metricsToken.ts';
import type { RouteContext, State } from '../context.ts';
import { measureFaqs } from './faqs.ts';
import { measureQueues } from './queues.ts';

/** For Prometheus; at the root. Without METRICS_TOKEN a proxy in front must not pass it on. */
export const metricsRoutes = new Router<State>();

metricsRoutes.get('/metrics', async (ctx: RouteContext) => {
  if (!mayScrape(ctx.get('Authorization'))) throw problem('unauthenticated');
  await Promise.all([measureQueues(), measureFaqs()]);
  ctx.body = await registry.metrics();
  ctx.set('Content-Type', registry.contentType);
});
