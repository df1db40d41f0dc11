import Router from '@koa/router';
import { registry } from '../../shared/metrics.ts';
import type { RouteContext, State } from '../context.ts';
import { together } from '../../shared/together.ts';
import { measureFaqs } from './faqs.ts';
import { measureQueues } from './queues.ts';

/** For Prometheus; at the root, without authentication: a proxy in front must not pass it on. */
export const metricsRoutes = new Router<State>();

metricsRoutes.get('/metrics', async (ctx: RouteContext) => {
  ctx.body = await measured();
  ctx.set('Content-Type', registry.contentType);
});

const measured = together(async () => {
  await Promise.all([measureQueues(), measureFaqs()]);
  return registry.metrics();
});
