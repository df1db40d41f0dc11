import { Type } from 'typebox';
import { contract, json, other } from '../contract/contract.ts';
import { anything, count, flag, givenId, id, paging, role, text, time } from '../contract/fields.ts';
import { rateHeaders } from '../middleware/headers.ts';
import { closed, described, named, oneOf, optional, orNull, page, presenter } from '../contract/schema.ts';

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

const filters = optional({
  actor_id: givenId,
  subject_id: givenId,
  action: Type.String({ maxLength: 100, pattern: '^[a-z_]+\\.[a-z_]+$' }),
  from: moment,
  to: moment,
});

const verified = named(
  'AuditVerified',
  Type.Object({
    sound: flag,
    entries: described(orNull(count), 'How many entries the chain has; null where it is broken.'),
    unchained: described(orNull(count), 'Entries that are not chained yet.'),
    head: described(orNull(text), 'The hash of the last entry. Note it elsewhere.'),
    fault: orNull(oneOf('edited', 'removed', 'cut_off', 'other_head', 'unknown_head', 'forged_anchor')),
    chain_seq: described(orNull(id), 'The first broken place.'),
    entry_id: described(
      orNull(id),
      'With `removed`: the entry that lost a part which no erasure removed; null: the entry is gone.',
    ),
  }),
  {
    sound: true,
    entries: 812,
    unchained: 1,
    head: '5f2c8d2c0b6f0e7f7f3c1a5f8c2f6f1b9d8e7c6b5a493827161504f3e2d1c0bf',
    fault: null,
    chain_seq: null,
    entry_id: null,
  },
);

export const auditContract = contract('Operators', {
  'GET /api/v1/audit': {
    who: 'admins',
    summary: 'The audit log',
    detail:
      'Who did what to whose data, the newest first. `to` is exclusive. For administrators. Each read adds an entry.',
    query: closed({ ...paging, ...filters }),
    answers: { 200: json('A page', page(entry)) },
  },
  'GET /api/v1/audit/export': {
    who: 'admins',
    summary: 'The audit log as a table',
    detail: 'CSV, the newest 10,000 entries that fit. For administrators. Each export adds an entry.',
    query: closed(filters),
    answers: { 200: other('A table', 'text/csv') },
  },
  'POST /api/v1/audit/verify': {
    who: 'admins',
    summary: 'Verify the chain of the audit log',
    detail:
      'Reads the whole chain, as `npm run audit -- verify` does. `head`: a hash that was noted earlier, which the chain must still contain.',
    body: closed(optional({ head: Type.String({ pattern: '^[0-9a-f]{64}$' }) })),
    example: {},
    answers: { 200: json('The result', verified, rateHeaders) },
  },
});
