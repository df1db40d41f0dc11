import { Type } from 'typebox';
import { contract, json } from '../contract/contract.ts';
import { anything, givenId, id, paging, role, text, time } from '../contract/fields.ts';
import { closed, described, named, optional, orNull, page, presenter } from '../contract/schema.ts';

const entry = named(
  'AuditEntry',
  Type.Object({
    id,
    at: time,
    actor_id: described(orNull(id), 'null: nobody was signed in, or an operator acted at the console.'),
    actor_role: orNull(role),
    action: text,
    target_type: text,
    target_id: orNull(id),
    subject_id: described(orNull(id), 'The user whose data it concerns.'),
    ip: orNull(text),
    request_id: orNull(text),
    details: described(anything, 'Ids, names of fields, counts; no content.'),
    chain_seq: described(orNull(id), 'The place of the entry in the chain; null for about a second.'),
    hash: described(orNull(text), 'The hash of this entry and the one before it, in hex.'),
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
export const presentAuditEntry = presenter(entry);

/** A time that Postgres also accepts. */
const moment = Type.String({ format: 'moment' });

export const auditContract = contract('Operators', {
  'GET /api/v1/audit': {
    who: 'admins',
    summary: 'The audit log',
    detail:
      'Who did what to whose data, the newest first. `to` is exclusive. For administrators. Each read adds an entry.',
    query: closed({
      ...paging,
      ...optional({
        actor_id: givenId,
        subject_id: givenId,
        action: Type.String({ maxLength: 100, pattern: '^[a-z_]+\\.[a-z_]+$' }),
        from: moment,
        to: moment,
      }),
    }),
    answers: { 200: json('A page', page(entry)) },
  },
});
