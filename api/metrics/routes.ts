import Router from '@koa/router';
import { registry } from '../../shared/ops/metrics.ts';
import type { RouteContext, State } from '../context.ts';
import { measureFaqs } from './faqs.ts';
import { measureQueues } from './queues.ts';

/** For Prometheus; at the root, without authentication: a proxy in front must not pass it on. */
export const metricsRoutes = new Router<State>();

metricsRoutes.get('/metrics', async (ctx: RouteContext) => {
  await Promise.all([measureQueues(), measureFaqs()]);
  ctx.body = await registry.metrics();
  ctx.set('Content-Type', registry.contentType);
});
