import { describe, other } from '../docs/describe.ts';

export const metricsDescriptions = describe('Operators', {
  'GET /metrics': { summary: 'For Prometheus', answers: { 200: other('Metrics', 'text/plain') } },
});
