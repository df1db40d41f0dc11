import { Type } from 'typebox';
import { contract, json, jsonOrCsv } from '../contract/contract.ts';
import { count, format, givenId, givenVersion, id, paging, real, time } from '../contract/fields.ts';
import { closed, defaulted, described, named, oneOf, orNull, page, presenter } from '../contract/schema.ts';
import { location } from '../middleware/headers.ts';

const share = described(
  Type.Number({ minimum: 0, maximum: 1 }),
  'Of the conversations that begin, the part that the second version answers.',
);
const versions = Type.Array(givenVersion, { minItems: 2, maxItems: 2, uniqueItems: true });
const fields = {
  id,
  assistant_id: id,
  versions: described(Type.Array(id), 'The versions a and b.'),
  share,
  until: described(orNull(time), 'No conversation joins after it. null: until it is ended.'),
  status: described(
    oneOf('open', 'closed', 'ended'),
    '`closed`: `until` is over; conversations keep their version until somebody ends it.',
  ),
  kept: described(orNull(id), 'The version that was picked at the end.'),
  created_at: time,
  ended_at: orNull(time),
};
const EXAMPLE = {
  id: 3,
  assistant_id: 1,
  versions: [3, 4],
  share: 0.5,
  until: '2026-12-20T00:00:00.000Z',
  status: 'open' as const,
  kept: null,
  created_at: '2026-11-20T09:30:00.000Z',
  ended_at: null,
};

const experiment = named('Experiment', Type.Object(fields), EXAMPLE);
export const presentExperiment = presenter(experiment);

const rate = Type.Object({
  count,
  of: count,
  rate: described(orNull(real), 'null: of nothing.'),
  low: described(orNull(real), 'The interval of 95 % (Wilson).'),
  high: orNull(real),
});
const verdict = described(
  oneOf('too_little', 'no_difference', 'a', 'b'),
  '`a`, `b`: that version is better. `too_little`: fewer than 30 cases, or an interval too wide to tell.',
);
const arm = Type.Object({
  version: id,
  conversations: count,
  involved: described(count, 'Conversations with an answer: what the first two rates are of.'),
  pending: count,
  answers: count,
  tokens: count,
  from_knowledge: count,
  unanswered: count,
  rated_up: count,
  rated_down: count,
  resolved_by_bot: count,
  resolved_by_agent: count,
  reopened: count,
  resolution_rate: rate,
  handoff_rate: rate,
  knowledge_rate: described(rate, 'Completed answers that cite a passage.'),
  rated_up_rate: described(rate, 'Of the rated replies.'),
  csat: Type.Object({ ratings: count, average: orNull(real) }),
});
const comparison = Type.Object({
  figure: oneOf('resolution_rate', 'handoff_rate', 'knowledge_rate', 'rated_up_rate'),
  difference: described(orNull(real), 'Of version b minus version a.'),
  low: described(orNull(real), 'The interval of 95 % (Newcombe).'),
  high: orNull(real),
  verdict,
});
const compared = named(
  'ExperimentResult',
  Type.Object({
    ...fields,
    arms: described(Type.Array(arm), 'Of version a and version b.'),
    comparison: Type.Array(comparison),
    verdict: described(verdict, 'That of `resolution_rate`.'),
  }),
);
export const presentResult = presenter(compared);

export const experimentContract = contract('Analytics', {
  'GET /api/v1/experiments': {
    who: 'admins',
    summary: 'Experiments',
    detail: 'The newest first.',
    query: closed({ ...paging, assistant_id: Type.Optional(givenId) }),
    answers: { 200: json('A page', page(experiment)) },
  },
  'POST /api/v1/experiments': {
    who: 'admins',
    summary: 'Begin an experiment: two versions of an assistant side by side',
    detail:
      'Each conversation that begins with the assistant is given one of the versions and keeps it until the experiment ends. An ' +
      'assistant has one experiment at a time.',
    body: closed({
      assistant_id: givenId,
      versions,
      share: defaulted(share, 0.5),
      until: defaulted(orNull(time), null),
    }),
    example: { assistant_id: 1, versions: [3, 4], share: 0.5, until: null },
    answers: { 201: json('Begun', experiment, { Location: location }) },
    problems: ['conflict', 'not_found'],
  },
  'GET /api/v1/experiments/:id': {
    who: 'admins',
    summary: 'An experiment, with its versions compared',
    detail:
      'Counted from the rows, up to the present moment, by the definitions of docs/analytics.md. `format=csv` answers a table: a ' +
      'line for each figure, a column for each version.',
    query: closed({ format }),
    answers: { 200: jsonOrCsv('The comparison', compared) },
  },
  'POST /api/v1/experiments/:id/end': {
    who: 'admins',
    summary: 'End an experiment',
    detail:
      '`keep` is the version that answers from now on, in a new version where the assistant has another one now. null: the ' +
      'assistant stays as it is. Ends for every conversation at its next message.',
    body: closed({ keep: orNull(givenVersion) }),
    example: { keep: 4 },
    answers: { 200: json('Ended', compared) },
    problems: ['conflict'],
  },
});
