import { describe, json } from '../docs/describe.ts';
import { object, oneOf, text, time } from '../docs/schema.ts';

const check = { ...text, pattern: '^(healthy|unhealthy: .+)$' };
const role = { ...text, pattern: '^(healthy|off|unhealthy: .+)$' };
const health = object({
  status: oneOf('healthy', 'degraded', 'unhealthy'),
  timestamp: time,
  checks: object({ database: check, redis: check, openai: check }),
  providers: object({ chat: role, embedding: role, moderation: role }),
});

export const healthDescriptions = describe('Operators', {
  'GET /livez': {
    summary: 'Does the process answer?',
    answers: { 200: json('It does', object({ status: oneOf('alive') })) },
  },
  'GET /readyz': {
    summary: 'May this replica get requests?',
    answers: { 200: json('It may', object({ status: oneOf('ready') })) },
  },
  'GET /health': {
    summary: 'How everything is',
    answers: { 200: json('Postgres and Redis answer', health), 503: json('One of them does not', health) },
  },
});
