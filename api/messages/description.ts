import { taken } from '../chat/description.ts';
import {
  describe,
  idempotencyKey,
  idempotencyReplayed,
  json,
  location,
  nothing,
  rateHeaders,
} from '../docs/describe.ts';
import { id, named, object, oneOf, orNull, text, time } from '../docs/schema.ts';

const feedback = named(
  'Feedback',
  object({
    message_id: id,
    rating: oneOf('up', 'down'),
    comment: orNull(text),
    created_at: time,
    updated_at: time,
  }),
  {
    message_id: 82,
    rating: 'up',
    comment: 'That worked.',
    created_at: '2026-11-21T08:01:00.000Z',
    updated_at: '2026-11-21T08:01:00.000Z',
  },
);

export const messageDescriptions = describe('Messages', {
  'POST /api/v1/messages/:id/regenerate': {
    summary: 'Have a question answered again',
    detail:
      'Names the reply that is to be replaced; its run must have ended. The new reply stands beside the old ones ' +
      '(`replaces_id`, `replaced_by`), which stay readable; what is asked later only knows the newest one with a text.',
    parameters: [idempotencyKey],
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
    summary: 'Say what you think of a reply',
    detail: 'Once for each reply; saying it again changes it.',
    example: { rating: 'up', comment: 'That worked.' },
    answers: { 200: json('What is kept', feedback) },
  },
  'DELETE /api/v1/messages/:id/feedback': {
    summary: 'Take your feedback back',
    answers: { 204: nothing('There is none (any more)') },
  },
});
