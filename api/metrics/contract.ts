import { contract, other } from '../contract/contract.ts';

/** At the root, without sign-in: a proxy in front must not pass it on. */
export const metricsContract = contract('Operators', {
  'GET /metrics': {
    who: 'anyone',
    summary: 'For Prometheus',
    answers: { 200: other('Metrics', 'text/plain') },
  },
});
