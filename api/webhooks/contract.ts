import { type Static, Type } from 'typebox';
import { EVENT_TYPES } from '../../db/models/webhook.ts';
import { contract, json, nothing } from '../contract/contract.ts';
import { count, flag, id, paging, text, time } from '../contract/fields.ts';
import {
  closed,
  defaulted,
  described,
  named,
  oneOf,
  optional,
  orNull,
  page,
  presenter,
} from '../contract/schema.ts';
import { location } from '../middleware/headers.ts';

const fields = {
  url: described(
    Type.String({ minLength: 1, maxLength: 2_000 }),
    'http or https, without a user or a password. Private, loopback and link-local addresses are refused, now and whenever a request is made.',
  ),
  events: Type.Array(oneOf(...EVENT_TYPES), { minItems: 1, maxItems: EVENT_TYPES.length, uniqueItems: true }),
  description: Type.String({ maxLength: 500 }),
  enabled: flag,
  include_content: described(flag, 'Whether `data` holds texts beside ids. Needs an https URL.'),
};

const EXAMPLE = {
  url: 'https://example.org/hooks/parley',
  events: ['run.completed', 'conversation.handoff'],
  description: 'CRM',
  enabled: true,
  include_content: false,
} satisfies Static<ReturnType<typeof Type.Object<typeof fields>>>;
const CREATED = '2026-11-20T09:30:00.000Z';
const SHOWN = {
  id: 1,
  ...EXAMPLE,
  disabled_reason: null,
  disabled_at: null,
  failing_since: null,
  created_at: CREATED,
  updated_at: CREATED,
};
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';

const shown = {
  id,
  ...fields,
  disabled_reason: described(
    orNull(oneOf('gone', 'dead')),
    'gone: it answered 410. dead: every request failed for three days. null: not switched off by itself.',
  ),
  disabled_at: orNull(time),
  failing_since: described(orNull(time), 'The first failure since the last success.'),
  created_at: time,
  updated_at: time,
};
const webhook = named('Webhook', Type.Object(shown), SHOWN);
export const presentWebhook = presenter(webhook);

const secret = described(text, 'For checking signatures. Shown this once.');
const newWebhook = named('NewWebhook', Type.Object({ ...shown, secret }), { ...SHOWN, secret: SECRET });
export const presentNewWebhook = presenter(newWebhook);

const rotated = named(
  'WebhookSecret',
  Type.Object({
    id,
    secret,
    previous_expires_at: described(time, 'Until then the previous secret signs too.'),
  }),
  { id: 1, secret: SECRET, previous_expires_at: '2026-11-21T09:30:00.000Z' },
);
export const presentSecret = presenter(rotated);

const delivery = named(
  'WebhookDelivery',
  Type.Object({
    id,
    webhook_id: id,
    message_id: described(text, 'The header `webhook-id` of every try.'),
    type: text,
    status: oneOf('pending', 'delivered', 'failed'),
    attempts: count,
    duration_ms: orNull(count),
    response_status: orNull(count),
    response: described(orNull(text), 'The first 1,024 bytes of the newest answer.'),
    error: described(
      orNull(text),
      'Why there was no answer: `timeout`, `unreachable`, `address_refused`, `secret_unreadable`, `switched_off`.',
    ),
    next_attempt_at: orNull(time),
    created_at: time,
    last_attempt_at: orNull(time),
    completed_at: orNull(time),
  }),
  {
    id: 7,
    webhook_id: 1,
    message_id: 'msg_2b6c1f0e3d4a4b5c9f8e7d6c5b4a3210',
    type: 'run.completed',
    status: 'delivered',
    attempts: 1,
    duration_ms: 48,
    response_status: 200,
    response: 'ok',
    error: null,
    next_attempt_at: null,
    created_at: CREATED,
    last_attempt_at: CREATED,
    completed_at: CREATED,
  },
);
export const presentDelivery = presenter(delivery);

export const webhookContract = contract('Webhooks', {
  'GET /api/v1/webhooks': {
    who: 'admins',
    summary: 'Endpoints that hear of events',
    query: closed(paging),
    answers: { 200: json('A page', page(webhook)) },
  },
  'POST /api/v1/webhooks': {
    who: 'admins',
    summary: 'Add an endpoint',
    detail:
      'It gets a POST for each event, as Standard Webhooks has it: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, body ' +
      '`{type, timestamp, data}`. Answer with any 2xx within 15 seconds. Other answers, redirects among them, are failures: the event is sent again after 5 s, 30 s, ' +
      '2 min, 10 min, 1 h, 2 h, 4 h and every 8 h, for 24 hours. `webhook-id` is one for all tries: an event may come twice. Events come in no ' +
      'particular order. 410 switches the endpoint off, and so do three days without a success.',
    body: closed({
      url: fields.url,
      events: fields.events,
      description: defaulted(fields.description, ''),
      enabled: defaulted(fields.enabled, true),
      include_content: defaulted(fields.include_content, false),
    }),
    example: { url: EXAMPLE.url, events: EXAMPLE.events },
    answers: { 201: json('Added', newWebhook, { Location: location }) },
    problems: ['conflict'],
  },
  'GET /api/v1/webhooks/:id': {
    who: 'admins',
    summary: 'An endpoint',
    answers: { 200: json('The endpoint', webhook) },
  },
  'PUT /api/v1/webhooks/:id': {
    who: 'admins',
    summary: 'Change an endpoint',
    detail: 'Switching it off gives up what was not delivered. Switching it on again forgets its failures.',
    body: closed(optional(fields)),
    example: { enabled: false },
    answers: { 200: json('The endpoint, changed', webhook) },
  },
  'DELETE /api/v1/webhooks/:id': {
    who: 'admins',
    summary: 'Delete an endpoint',
    detail: 'With its deliveries.',
    answers: { 204: nothing('Deleted') },
  },
  'POST /api/v1/webhooks/:id/test': {
    who: 'admins',
    summary: 'Send a test event',
    detail: 'Its type is `webhook.test`. A disabled endpoint gets it too, once.',
    answers: { 202: json('It is going to be sent', delivery) },
  },
  'POST /api/v1/webhooks/:id/secret': {
    who: 'admins',
    summary: 'Give an endpoint a new secret',
    detail: 'For 24 hours requests carry a signature of the previous secret beside that of the new one.',
    answers: { 200: json('The new secret', rotated) },
  },
  'GET /api/v1/webhooks/:id/deliveries': {
    who: 'admins',
    summary: 'Deliveries to an endpoint',
    detail: 'The newest first. They are kept for 30 days.',
    query: closed(paging),
    answers: { 200: json('A page', page(delivery)) },
  },
  'POST /api/v1/webhooks/:id/deliveries/:delivery_id/retry': {
    who: 'admins',
    summary: 'Send an event again',
    detail: 'Under the same `webhook-id`, whether it was delivered or not.',
    answers: { 202: json('It is going to be sent', delivery) },
  },
});
