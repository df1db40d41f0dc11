import { Type } from 'typebox';
import { contract, json } from '../contract/contract.ts';
import { count, flag, real, text, time } from '../contract/fields.ts';
import { described, named, oneOf, orNull } from '../contract/schema.ts';
import { rateHeaders } from '../middleware/headers.ts';

const check = described(text, '`healthy`, `off`, or `unhealthy: ` with a reason.');

const system = named(
  'System',
  Type.Object({
    version: text,
    node: text,
    processes: described(
      orNull(
        Type.Array(
          Type.Object({
            id: text,
            types: Type.Array(text),
            host: text,
            pid: count,
            version: text,
            started_at: time,
            seen_at: described(time, 'Every five seconds. A killed process is listed for ten minutes.'),
          }),
        ),
      ),
      'null while Redis is away.',
    ),
    queues: described(
      orNull(
        Type.Array(
          Type.Object({
            name: text,
            waiting: count,
            active: count,
            delayed: count,
            failed: count,
            oldest_s: described(real, 'For how long the oldest of the next jobs has waited.'),
          }),
        ),
      ),
      'null while Redis is away.',
    ),
    owed: Type.Object({
      waiting: count,
      queued: count,
      in_progress: count,
      oldest_s: described(real, 'For how long the oldest unfinished run has existed.'),
      unannounced: count,
      faqs: count,
      faqs_to_embed: count,
    }),
    migrations: Type.Object({ done: count, newest: orNull(text), pending: count }),
    models: Type.Array(
      Type.Object({
        role: oneOf('chat', 'fallback', 'query', 'embedding', 'moderation'),
        name: orNull(text),
        provider: orNull(text),
        kind: orNull(text),
        check: described(orNull(text), 'As in /health; null for a fallback, which nobody asks meanwhile.'),
      }),
    ),
    mail: check,
    push: described(flag, 'Whether web push is configured.'),
    board_writable: described(flag, 'Whether Bull Board may change queues.'),
    storage: Type.Object({
      bytes: described(count, 'Of the whole database.'),
      tables: described(
        Type.Array(Type.Object({ name: text, rows: count, bytes: count })),
        'The twelve largest, with their indexes; rows are an estimate.',
      ),
    }),
    settings: described(
      Type.Array(
        Type.Object({
          name: text,
          value: described(orNull(text), 'null: set, and not shown because it may be a secret.'),
          source: oneOf('environment', 'default'),
        }),
      ),
      'Variables that this replica of `web` has read.',
    ),
  }),
  {
    version: '0.1.0',
    node: 'v24.21.0',
    processes: [
      {
        id: '5b2f0a52-6a39-4a39-9a6c-0d4fd1a54f4e',
        types: ['web'],
        host: 'web-1',
        pid: 12,
        version: '0.1.0',
        started_at: '2026-11-29T08:00:00.000Z',
        seen_at: '2026-11-29T15:20:00.000Z',
      },
    ],
    queues: [{ name: 'completion', waiting: 0, active: 3, delayed: 0, failed: 0, oldest_s: 0 }],
    owed: {
      waiting: 0,
      queued: 0,
      in_progress: 3,
      oldest_s: 2.5,
      unannounced: 0,
      faqs: 13,
      faqs_to_embed: 0,
    },
    migrations: { done: 71, newest: '071_second_factor', pending: 0 },
    models: [{ role: 'chat', name: 'gpt-4.1-mini', provider: 'openai', kind: 'openai', check: 'healthy' }],
    mail: 'off',
    push: false,
    board_writable: false,
    storage: { bytes: 41_000_000, tables: [{ name: 'messages', rows: 1_200, bytes: 2_000_000 }] },
    settings: [
      { name: 'HISTORY_LIMIT', value: '10', source: 'default' },
      { name: 'JWT_SECRET', value: null, source: 'environment' },
    ],
  },
);

export const systemContract = contract('Operators', {
  'GET /api/v1/system': {
    who: 'admins',
    summary: 'How this installation is set and how it does',
    detail: 'For administrators. Secrets are never shown, and neither are addresses that may hold one.',
    answers: { 200: json('The system', system) },
  },
  'POST /api/v1/system/models': {
    who: 'admins',
    summary: 'Ask each model once',
    detail: 'As `npm run models` does. Costs a few tokens. Noted in the audit log.',
    answers: {
      200: json(
        'What came back',
        Type.Object({ well: described(flag, 'Whether all of them answered.'), lines: Type.Array(text) }),
        rateHeaders,
      ),
    },
    problems: ['rate_limited'],
  },
  'POST /api/v1/system/mail': {
    who: 'admins',
    summary: 'Send yourself a test mail',
    detail: 'At once, past the queue. Noted in the audit log.',
    answers: { 200: json('The mail server took it', Type.Object({ to: text }), rateHeaders) },
    problems: ['not_configured', 'service_unavailable', 'rate_limited'],
  },
  'POST /api/v1/system/push': {
    who: 'admins',
    summary: 'Push a test to your devices',
    detail: 'Noted in the audit log.',
    answers: {
      200: json('To how many devices', Type.Object({ devices: count, taken: count }), rateHeaders),
    },
    problems: ['not_configured', 'rate_limited'],
  },
});
