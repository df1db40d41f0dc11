import type { SchemaObject } from 'ajv';
import { count, id, list, named, object, oneOf, orNull, real, text, time } from '../docs/schema.ts';
import type { RunEvent } from '../../shared/delivery/events.ts';

export const usage = named(
  'Usage',
  object({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
  { prompt_tokens: 320, completion_tokens: 30, total_tokens: 350 },
);
export const runError = named('RunError', object({ code: text, message: text }), {
  code: 'provider_timeout',
  message: 'The model took too long to answer.',
});
export const source = named('Source', object({ faq_id: id, question: text, similarity: real }), {
  faq_id: 5,
  question: 'How can I change my password?',
  similarity: 0.81,
});

const position = { run_id: id, conversation_id: id, attempt: { ...count, minimum: 1 }, seq: id };
const reply = { ...position, message_id: { ...id, description: "The reply's." } };
const at = { run_id: 42, conversation_id: 3, attempt: 1 };

/** What clients are shown of a run, by the name of the event: over sockets and in event streams alike. */
export const runEvents = {
  'run.status': named(
    'RunStatus',
    object({
      ...position,
      status: oneOf('in_progress'),
      message_id: { ...id, description: "The question's." },
      reply_id: id,
    }),
    { ...at, seq: 1, status: 'in_progress', message_id: 81, reply_id: 82 },
  ),
  'response.delta': named('ResponseDelta', object({ ...reply, delta: text }), {
    ...at,
    seq: 2,
    message_id: 82,
    delta: 'Open the sign-in page',
  }),
  'response.restart': named('ResponseRestart', object(reply), {
    ...at,
    attempt: 2,
    seq: 2_000_000,
    message_id: 82,
  }),
  response: named(
    'Response',
    object({
      ...reply,
      type: oneOf('response'),
      content: text,
      timestamp: time,
      sources: list(source),
      usage: orNull(usage),
      finish_reason: orNull(text),
    }),
    {
      ...at,
      seq: 9,
      message_id: 82,
      type: 'response',
      content: 'Open the sign-in page and choose “Forgot password”.',
      timestamp: '2026-11-21T08:00:04.000Z',
      sources: [{ faq_id: 5, question: 'How can I change my password?', similarity: 0.81 }],
      usage: { prompt_tokens: 320, completion_tokens: 30, total_tokens: 350 },
      finish_reason: 'stop',
    },
  ),
  'run.failed': named('RunFailed', object({ ...reply, error: runError, content: text }), {
    ...at,
    seq: 2,
    message_id: 82,
    error: { code: 'provider_timeout', message: 'The model took too long to answer.' },
    content: '',
  }),
  'run.cancelled': named('RunCancelled', object({ ...reply, content: text }), {
    ...at,
    seq: 5,
    message_id: 82,
    content: 'Open the sign-in page',
  }),
} satisfies Record<RunEvent['event'], SchemaObject>;
