import { type Static, type TUnsafe, Type } from 'typebox';
import type { RunRow } from '../../db/models/runView.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { assistantRef, runError, source, usage } from '../contract/answering.ts';
import { clientEvents, contract, json, nothing, other } from '../contract/contract.ts';
import { anyId, flag, id, text, time } from '../contract/fields.ts';
import { lastEventId } from '../middleware/headers.ts';
import { closed, described, named, oneOf, orNull, presenter } from '../contract/schema.ts';

const run = named(
  'Run',
  Type.Object({
    id,
    status: oneOf('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'),
    attempt: Type.Integer({ minimum: 0, description: 'The latest attempt; 0 before the first.' }),
    conversation_id: id,
    message_id: id,
    reply_id: id,
    model: orNull(text),
    assistant: described(
      orNull(assistantRef),
      'The version that answers; null: the rules of the engine alone.',
    ),
    usage: orNull(usage),
    error: orNull(runError),
    sources: described(Type.Array(source), 'The passages that the answer cites.'),
    offered: described(Type.Array(source), 'All passages that the model was given.'),
    created_at: time,
    started_at: orNull(time),
    completed_at: orNull(time),
  }),
  {
    id: 42,
    status: 'completed',
    attempt: 1,
    conversation_id: 3,
    message_id: 81,
    reply_id: 82,
    model: 'gpt-4.1-mini',
    assistant: { id: 1, version: 3 },
    usage: { prompt_tokens: 320, completion_tokens: 30, total_tokens: 350 },
    error: null,
    sources: [],
    offered: [],
    created_at: '2026-11-21T08:00:00.000Z',
    started_at: '2026-11-21T08:00:00.100Z',
    completed_at: '2026-11-21T08:00:04.000Z',
  },
);
const presentOwn = presenter(run);

/** Presents a run to its owner. A run that waits behind another run is shown as `queued`. */
export function presentRun(row: RunRow): Static<typeof run> {
  return presentOwn({ ...row, status: row.status === 'waiting' ? 'queued' : row.status });
}

/** The pattern of a seq as text, which has one form for each number. */
export const SEQ = '^(0|[1-9]\\d{0,14})$';

export const runContract = contract('Runs', {
  'GET /api/v1/runs/:id': {
    who: 'signed in',
    summary: 'The state of a run',
    answers: { 200: json('The run', run) },
  },
  'POST /api/v1/runs/:id/cancel': {
    who: 'signed in',
    summary: 'Cancel a run',
    detail: 'Keeps the text shown so far.',
    answers: {
      200: json('The run had already ended and is unchanged', run),
      202: json('The run has ended, or will end within a second', run),
    },
  },
  'GET /api/v1/runs/:id/events': {
    who: 'signed in',
    summary: 'A run as server-sent events',
    detail:
      'All events of the run after `after` (or `Last-Event-ID`), then live ones, up to its terminal event (`response`, ' +
      '`run.failed` or `run.cancelled`). `id` is the `seq`, `event` the name, `data` the JSON that `/asyncapi.json` describes. ' +
      'Where the log was lost, the terminal event comes alone: its `seq` leaves a hole, and it replaces what was shown.',
    query: closed({ after: Type.Optional(Type.String({ pattern: SEQ })) }),
    parameters: [lastEventId],
    problems: ['rate_limited'],
    answers: {
      200: other('The stream', 'text/event-stream'),
      204: nothing('The run has ended, and the client has its terminal event: nothing more will come'),
    },
  },
});

const position = { run_id: id, conversation_id: id, attempt: id, seq: id };
const reply = { ...position, message_id: Type.Integer({ minimum: 1, description: "The reply's." }) };
const at = { run_id: 42, conversation_id: 3, attempt: 1 };

/** The events of a run by name, the same over sockets and in event streams. */
export const runEvents = {
  'run.status': named(
    'RunStatus',
    Type.Object({
      ...position,
      status: oneOf('in_progress'),
      message_id: Type.Integer({ minimum: 1, description: "The question's." }),
      reply_id: id,
    }),
    { ...at, seq: 1, status: 'in_progress', message_id: 81, reply_id: 82 },
  ),
  'response.delta': named('ResponseDelta', Type.Object({ ...reply, delta: text }), {
    ...at,
    seq: 2,
    message_id: 82,
    delta: 'Open the sign-in page',
  }),
  'response.restart': named('ResponseRestart', Type.Object(reply), {
    ...at,
    attempt: 2,
    seq: 2_000_000,
    message_id: 82,
  }),
  response: named(
    'Response',
    Type.Object({
      ...reply,
      type: oneOf('response'),
      content: text,
      timestamp: time,
      sources: described(Type.Array(source), 'The passages that the answer cites.'),
      offered: described(Type.Array(source), 'All passages that the model was given.'),
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
      offered: [{ faq_id: 5, question: 'How can I change my password?', similarity: 0.81 }],
      usage: { prompt_tokens: 320, completion_tokens: 30, total_tokens: 350 },
      finish_reason: 'stop',
    },
  ),
  'run.failed': named('RunFailed', Type.Object({ ...reply, error: runError, content: text }), {
    ...at,
    seq: 2,
    message_id: 82,
    error: { code: 'provider_timeout', message: 'The model took too long to answer.' },
    content: '',
  }),
  'run.cancelled': named('RunCancelled', Type.Object({ ...reply, content: text }), {
    ...at,
    seq: 5,
    message_id: 82,
    content: 'Open the sign-in page',
  }),
} satisfies { [Event in RunEvent as Event['event']]: TUnsafe<Event['data']> };

const anyRunEvent = Object.entries(runEvents).map(([event, data]) =>
  Type.Object({ event: oneOf(event), data }),
);

export const runClientEvents = clientEvents({
  resume: {
    summary: 'Get the events of a run after a seq',
    frame: closed({
      run_id: anyId,
      after_seq: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    }),
    answer: Type.Object({
      events: Type.Array(Type.Unsafe<RunEvent>({ anyOf: anyRunEvent })),
      done: flag,
      reset: Type.Optional(flag),
    }),
    example: { run_id: 42, after_seq: 3 },
  },
  cancel: {
    summary: 'Cancel a run',
    frame: closed({ run_id: anyId }),
    answer: Type.Object({ run }),
    example: { run_id: 42 },
  },
});
