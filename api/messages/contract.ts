import { Type } from '../contract/type.ts';
import { MESSAGE_REFUSED, takenAs } from '../contract/answering.ts';
import { clientEvents, contract, json, nothing } from '../contract/contract.ts';
import { anyId, id, text, time } from '../contract/fields.ts';
import { idempotencyKey } from '../middleware/headers.ts';
import { closed, named, oneOf, orNull, presenter } from '../contract/schema.ts';

const rating = oneOf('up', 'down');

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
      'The id is that of the reply to replace, whose run must have ended. The old replies stay readable beside the new one ' +
      '(`replaces_id`, `replaced_by`). Later prompts hold only the newest reply that has a text.',
    parameters: [idempotencyKey],
    body: closed({}),
    example: {},
    answers: {
      202: takenAs('Taken: `message_id` is the question, unchanged; `reply_id` the new reply'),
    },
    problems: ['conflict', ...MESSAGE_REFUSED],
  },
  'POST /api/v1/messages/:id/feedback': {
    who: 'signed in',
    summary: 'Rate a reply',
    detail: 'Each reply has one rating; a second one replaces the first.',
    body: closed({ rating, comment: Type.Optional(orNull(Type.String({ maxLength: 1000 }))) }),
    example: { rating: 'up', comment: 'That worked.' },
    answers: { 200: json('The feedback as stored', feedback) },
  },
  'DELETE /api/v1/messages/:id/feedback': {
    who: 'signed in',
    summary: 'Take your feedback back',
    answers: { 204: nothing('The reply has no feedback now') },
  },
});

const seen = { frame: closed({ message_id: anyId }), answer: Type.Object({}), example: { message_id: 82 } };

export const messageEvents = clientEvents({
  delivered: { summary: 'A message has arrived on this device', ...seen },
  read: { summary: 'A message was read', ...seen },
});
