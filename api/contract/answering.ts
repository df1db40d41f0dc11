import type { Static } from 'typebox';
import { Type } from './type.ts';
import { idempotencyReplayed, location, rateHeaders } from '../middleware/headers.ts';
import { json } from './contract.ts';
import { count, id, real, text } from './fields.ts';
import { described, named, oneOf, orNull } from './schema.ts';

/** Schemas of messages and runs that several resources share. */
export const usage = named(
  'Usage',
  Type.Object({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
  { prompt_tokens: 320, completion_tokens: 30, total_tokens: 350 },
);

export const runError = named('RunError', Type.Object({ code: text, message: text }), {
  code: 'provider_timeout',
  message: 'The model took too long to answer.',
});

/** The version of an assistant. */
export const assistantRef = Type.Object({ id, version: id });

export const source = named('Source', Type.Object({ faq_id: id, question: text, similarity: real }), {
  faq_id: 5,
  question: 'How can I change my password?',
  similarity: 0.81,
});

/** The answer to a message that is committed, over HTTP and sockets. */
export const taken = named(
  'Taken',
  Type.Object({
    conversation_id: id,
    message_id: id,
    reply_id: orNull(id),
    run_id: described(orNull(id), 'null, as the reply: the message stands before a person.'),
    status: oneOf('queued', 'joined', 'with_agent'),
  }),
  { conversation_id: 3, message_id: 81, reply_id: 82, run_id: 42, status: 'queued' },
);
export type TakenAnswer = Static<typeof taken>;

/** Returns the answer of a route that takes a message. */
export function takenAs(detail: string) {
  return json(detail, taken, {
    Location: location,
    'Idempotency-Replayed': idempotencyReplayed,
    ...rateHeaders,
  });
}

/** How a route may refuse a message. */
export const MESSAGE_REFUSED = [
  'consent_required',
  'not_found',
  'run_in_progress',
  'idempotency_key_reused',
  'rate_limited',
  'quota_exceeded',
  'too_many_waiting_runs',
] as const;
