import {
  describe,
  idempotencyKey,
  idempotencyReplayed,
  json,
  location,
  rateHeaders,
} from '../docs/describe.ts';
import { id, named, object, oneOf } from '../docs/schema.ts';

/** What HTTP and sockets answer to a message that is committed. */
export const taken = named(
  'Taken',
  object({ conversation_id: id, message_id: id, reply_id: id, run_id: id, status: oneOf('queued') }),
  { conversation_id: 3, message_id: 81, reply_id: 82, run_id: 42, status: 'queued' },
);

export const chatDescriptions = describe('Chat', {
  'POST /api/v1/chat/send': {
    summary: 'Send a message',
    detail:
      'Once this answers 202 the message is stored and will be answered exactly once. Without `conversation_id` a ' +
      'conversation begins. `multitask_strategy` says what happens while a run of the conversation is on: `enqueue` waits, ' +
      '`reject` refuses, `interrupt` cancels what is on or waiting.',
    parameters: [idempotencyKey],
    example: { content: 'How do I reset my password?', language: 'en' },
    answers: {
      202: json('Taken', taken, {
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
});
