import { Type } from 'typebox';
import { taken } from '../contract/answering.ts';
import { clientEvents, contract, json, nothing } from '../contract/contract.ts';
import { anyId, id, text, time } from '../contract/fields.ts';
import { idempotencyKey, idempotencyReplayed, location, rateHeaders } from '../middleware/headers.ts';
import { closed, named, oneOf, orNull, presenter } from '../contract/schema.ts';

const rating = oneOf('up', 'down');

/** What a user thinks of a reply. */
const feedback = named(
  'Feedback',
  Type.Object({ message_id: id, rating, comment: orNull(text), created_at: time, updated_at: time }),
  {
    message_id: 82,
    rating: 'up',
    comment: 'That worked.',
    created_at: '2026-11-21T08:01:00.000Z',
    updated_at: '2026-11-21T08:01:00.000Z',
  },
);
export const presentFeedback = presenter(feedback);

export const messageContract = contract('Messages', {
  'POST /api/v1/messages/:id/regenerate': {
    who: 'signed in',
    summary: 'Have a question answered again',
    detail:
      'Names the reply that is to be replaced; its run must have ended. The new reply stands beside the old ones ' +
      '(`replaces_id`, `replaced_by`), which stay readable; what is asked later only knows the newest one with a text.',
    parameters: [idempotencyKey],
    body: closed({}),
    example: {},
    answers: {
      202: json('Taken: `message_id` is the question, as it was; `reply_id` the new reply', taken, {
        Location: location,
        'Idempotency-Replayed': idempotencyReplayed,
        ...rateHeaders,
      }),
    },
    problems: [
      'consent_required',
      'not_found',
      'run_in_progress',
      'idempotency_key_reused',
      'rate_limited',
      'too_many_waiting_runs',
    ],
  },
  'POST /api/v1/messages/:id/feedback': {
    who: 'signed in',
    summary: 'Say what you think of a reply',
    detail: 'Once for each reply; saying it again changes it.',
    body: closed({ rating, comment: Type.Optional(orNull(Type.String({ maxLength: 1000 }))) }),
    example: { rating: 'up', comment: 'That worked.' },
    answers: { 200: json('What is kept', feedback) },
  },
  'DELETE /api/v1/messages/:id/feedback': {
    who: 'signed in',
    summary: 'Take your feedback back',
    answers: { 204: nothing('There is none (any more)') },
  },
});

const seen = { frame: closed({ message_id: anyId }), answer: Type.Object({}), example: { message_id: 82 } };

export const messageEvents = clientEvents({
  delivered: { summary: 'A message has arrived on this device', ...seen },
  read: { summary: 'A message was read', ...seen },
});
