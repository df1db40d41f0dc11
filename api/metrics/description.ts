import { describe, other } from '../docs/describe.ts';

export const metricsDescriptions = describe('Operators', {
  'GET /metrics': {
    summary: 'For Prometheus',
    detail: 'Where `METRICS_TOKEN` is set, it has to be sent as `Authorization: Bearer …`.',
    answers: { 200: other('Metrics', 'text/plain') },
    problems: ['unauthenticated'],
  },
});
