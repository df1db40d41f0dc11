import { describe, json } from '../docs/describe.ts';
import { anything, id, named, object, oneOf, orNull, page, text, time } from '../docs/schema.ts';

const entry = named(
  'AuditEntry',
  object({
    id,
    at: time,
    actor_id: { ...orNull(id), description: 'null: nobody signed in, or an operator at the console.' },
    actor_role: orNull(oneOf('user', 'agent', 'admin')),
    action: text,
    target_type: text,
    target_id: orNull(id),
    subject_id: { ...orNull(id), description: 'Whose data it is.' },
    ip: orNull(text),
    request_id: orNull(text),
    details: { ...anything, description: 'Ids, names of fields, counts: no content.' },
    chain_seq: { ...orNull(id), description: 'Its place in the chain; null for about a second.' },
    hash: { ...orNull(text), description: 'Of this entry and the one before it, in hex.' },
  }),
  {
    id: 12,
    at: '2026-11-20T09:30:00.000Z',
    actor_id: 1,
    actor_role: 'admin',
    action: 'user.suspended',
    target_type: 'user',
    target_id: 7,
    subject_id: 7,
    ip: '192.0.2.7',
    request_id: 'b7c1',
    details: { from: 'active', to: 'suspended' },
    chain_seq: 12,
    hash: '5f2c8d2c0b6f0e7f7f3c1a5f8c2f6f1b9d8e7c6b5a493827161504f3e2d1c0bf',
  },
);

export const auditDescriptions = describe('Operators', {
  'GET /api/v1/audit': {
    summary: 'The audit log',
    detail:
      'Who did what to whose data, the newest first. `to` is not included. For administrators; reading it is noted in it.',
    answers: { 200: json('A page', page(entry)) },
  },
});
