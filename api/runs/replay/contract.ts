import { Type } from 'typebox';
import { source, usage } from '../../contract/answering.ts';
import { contract, json } from '../../contract/contract.ts';
import { givenVersion, id, paging, text, time } from '../../contract/fields.ts';
import { closed, described, named, oneOf, orNull, page, presenter } from '../../contract/schema.ts';

const replay = named(
  'Replay',
  Type.Object({
    id,
    run_id: id,
    assistant_version: orNull(id),
    model: orNull(text),
    status: oneOf('queued', 'completed', 'failed'),
    content: described(orNull(text), 'The answer, which nobody was shown.'),
    sources: Type.Array(source),
    finish_reason: orNull(text),
    usage: orNull(usage),
    error_code: orNull(text),
    created_at: time,
    completed_at: orNull(time),
  }),
  {
    id: 4,
    run_id: 42,
    assistant_version: 3,
    model: 'gpt-5-mini',
    status: 'queued',
    content: null,
    sources: [],
    finish_reason: null,
    usage: null,
    error_code: null,
    created_at: '2026-11-21T08:01:00.000Z',
    completed_at: null,
  },
);
export const presentReplay = presenter(replay);

/** The answer that was shown, to compare the others with. */
const original = Type.Object({
  assistant_version: orNull(id),
  model: orNull(text),
  content: text,
  sources: Type.Array(source),
  usage: orNull(usage),
});
export const presentOriginal = presenter(original);
const replays = page(replay);

export const replayContract = contract('Analytics', {
  'POST /api/v1/runs/:id/replay': {
    who: 'admins',
    summary: 'Ask a run’s question again, for comparison',
    detail:
      'With the same history and passages, by the same version and model or others. The answer is stored beside the run and shown ' +
      'to nobody; its tokens are in no figure. An audit entry says who asked.',
    body: closed({
      assistant_version: Type.Optional(orNull(givenVersion)),
      model: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 200 }))),
    }),
    example: { assistant_version: 3 },
    answers: { 202: json('Taken', replay) },
    problems: ['conflict'],
  },
  'GET /api/v1/runs/:id/replays': {
    who: 'admins',
    summary: 'The replays of a run',
    detail: 'An audit entry says who read them.',
    query: closed(paging),
    answers: { 200: json('A page, oldest first', Type.Intersect([replays, Type.Object({ original })])) },
  },
});
