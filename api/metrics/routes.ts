import { registry } from '../../shared/metrics.ts';
import { serve } from '../contract/serve.ts';
import { metricsContract } from './contract.ts';
import { measureFaqs } from './faqs.ts';
import { measureQueues } from './queues.ts';

export const metrics = serve(metricsContract, {
  'GET /metrics': async (ctx) => {
    await Promise.all([measureQueues(), measureFaqs()]);
    ctx.body = await registry.metrics();
    ctx.set('Content-Type', registry.contentType);
  },
});
