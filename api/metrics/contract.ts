import { contract, other } from '../contract/contract.ts';

/** This route is at the root. */
export const metricsContract = contract('Operators', {
  'GET /metrics': {
    who: 'anyone',
    summary: 'For Prometheus',
    detail: 'If `METRICS_TOKEN` is set, it must be sent as `Authorization: Bearer …`.',
    answers: { 200: other('Metrics', 'text/plain') },
    problems: ['unauthenticated'],
  },
});
