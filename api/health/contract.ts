import { Type } from '../contract/type.ts';
import { contract, json } from '../contract/contract.ts';
import { text, time } from '../contract/fields.ts';
import { described, oneOf } from '../contract/schema.ts';

const check = Type.String({ pattern: '^(healthy|unhealthy: .+)$' });
const role = Type.String({ pattern: '^(healthy|off|unhealthy: .+)$' });
const health = Type.Object({
  status: oneOf('healthy', 'degraded', 'unhealthy'),
  timestamp: time,
  checks: Type.Object({ database: check, redis: check, openai: role }),
  providers: Type.Object({ chat: role, embedding: role, moderation: role }),
  mail: described(role, '`off`: no mail server is configured, and what needs mail answers `not_configured`.'),
  warnings: described(
    Type.Array(text),
    'What works and could be set better. `status` does not depend on it.',
  ),
});

/** Routes at the root, without sign-in, for operators and load balancers. */
export const healthContract = contract('Operators', {
  'GET /livez': {
    who: 'anyone',
    summary: 'Does the process answer?',
    answers: { 200: json('It does', Type.Object({ status: oneOf('alive') })) },
  },
  'GET /readyz': {
    who: 'anyone',
    summary: 'May this replica get requests?',
    answers: { 200: json('It may', Type.Object({ status: oneOf('ready') })) },
  },
  'GET /health': {
    who: 'anyone',
    summary: 'The state of the stores and the model',
    answers: { 200: json('Postgres and Redis answer', health), 503: json('One of them does not', health) },
  },
});
