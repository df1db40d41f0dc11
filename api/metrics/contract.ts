import { contract, other } from '../contract/contract.ts';

/** At the root. */
export const metricsContract = contract('Operators', {
  'GET /metrics': {
    who: 'anyone',
    summary: 'For Prometheus',
    detail: 'Where `METRICS_TOKEN` is set, it has to be sent as `Authorization: Bearer …`.',
    answers: { 200: other('Metrics', 'text/plain') },
    problems: ['unauthenticated'],
  },
});
