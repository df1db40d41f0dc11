import { problem } from '../../shared/base/errors.ts';
import { registry } from '../../shared/ops/metrics.ts';
import { mayScrape } from '../../shared/ops/metrics.ts';
import { serve } from '../contract/serve.ts';
import { metricsContract } from './contract.ts';
import { together } from '../../shared/base/together.ts';
import { measureFaqs } from './faqs.ts';
import { measureOwed } from './owed.ts';
import { measureQueues } from './queues.ts';
import { measureStores } from './stores.ts';

/** Serves metrics to Prometheus. Without METRICS_TOKEN a proxy must not expose this route. */
export const metrics = serve(metricsContract, {
  'GET /metrics': async (ctx) => {
    if (!mayScrape(ctx.get('Authorization'))) throw problem('unauthenticated');
    ctx.body = await measured();
    ctx.set('Content-Type', registry.contentType);
  },
});

const measured = together(async () => {
  await Promise.all([measureQueues(), measureFaqs(), measureOwed(), measureStores()]);
  return registry.metrics();
});
