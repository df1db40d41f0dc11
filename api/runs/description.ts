import { describe, json, lastEventId, nothing, other } from '../docs/describe.ts';
import { count, id, list, named, object, oneOf, orNull, text, time } from '../docs/schema.ts';
import { runError, source, usage } from './events.ts';

export const run = named(
  'Run',
  object({
    id,
    status: oneOf('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'),
    attempt: { ...count, description: 'How often it was begun; 0 before the first time.' },
    conversation_id: id,
    message_id: id,
    reply_id: id,
    model: orNull(text),
    usage: orNull(usage),
    error: orNull(runError),
    sources: list(source),
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
    usage: { prompt_tokens: 320, completion_tokens: 30, total_tokens: 350 },
    error: null,
    sources: [],
    created_at: '2026-11-21T08:00:00.000Z',
    started_at: '2026-11-21T08:00:00.100Z',
    completed_at: '2026-11-21T08:00:04.000Z',
  },
);

export const runDescriptions = describe('Runs', {
  'GET /api/v1/runs/:id': {
    summary: 'How a run is doing',
    answers: { 200: json('The run', run) },
  },
  'POST /api/v1/runs/:id/cancel': {
    summary: 'Cancel a run',
    detail: 'What was answered so far is kept.',
    answers: {
      200: json('It had ended already, and is unchanged', run),
      202: json('It has ended, or will within a second', run),
    },
  },
  'GET /api/v1/runs/:id/events': {
    summary: 'A run as server-sent events',
    detail:
      'Everything shown of the run after `after` (or `Last-Event-ID`), then live, to its terminal event (`response`, ' +
      '`run.failed` or `run.cancelled`). `id` is the `seq`, `event` the name, `data` the JSON that `/asyncapi.json` describes.',
    parameters: [lastEventId],
    problems: ['rate_limited'],
    answers: {
      200: other('The stream', 'text/event-stream'),
      204: nothing('The run has ended, and `after` is at or behind its terminal event: nothing more comes'),
    },
  },
});
