import { Type } from 'typebox';
import { clientEvents, contract, jsonOrCsv, nothing } from '../contract/contract.ts';
import { count, format, givenId, paging, text } from '../contract/fields.ts';
import { closed, defaulted, described, named, oneOf, orNull } from '../contract/schema.ts';
import { INTERVALS } from '../../db/models/analytics/window.ts';
import { CHANNELS } from '../../db/models/run.ts';
import { bucket, costs, dashboard, knowledgeFigures, ms, userFigures } from './answers.ts';

const windowFields = {
  from: Type.Optional(Type.String({ format: 'day-or-moment', description: 'A date or a time; inclusive.' })),
  to: Type.Optional(
    Type.String({ format: 'day-or-moment', description: 'Exclusive. Left out: the end of today.' }),
  ),
  timezone: Type.Optional(
    Type.String({ maxLength: 50, format: 'timezone', description: 'Yours if left out.' }),
  ),
  format,
};
const of = {
  assistant_id: Type.Optional(givenId),
  channel: Type.Optional(
    described(oneOf(...CHANNELS), 'How the conversations began. Left out: all. `users_new` has no channel.'),
  ),
};
const interval = oneOf(...INTERVALS);

const definitions =
  'Figures are those of the rows, up to the present moment; docs/analytics.md defines each. Percentiles are within 4 %. ' +
  '`format=csv` answers a table.';

export const analyticsContract = contract('Analytics', {
  'GET /api/v1/analytics/dashboard': {
    who: 'admins',
    summary: 'The figures of a window, and of the window before it',
    detail: definitions,
    query: closed({ ...windowFields, ...of }),
    answers: { 200: jsonOrCsv('The figures', dashboard) },
  },
  'GET /api/v1/analytics/conversations': {
    who: 'admins',
    summary: 'Figures over time',
    detail: `${definitions} Every bucket is there, as long as it is where clocks change. The first one may begin before the window; it then shows \`from\`.`,
    query: closed({ ...windowFields, ...of, interval: defaulted(interval, 'day') }),
    answers: {
      200: jsonOrCsv('The buckets', Type.Object({ interval, timezone: text, data: Type.Array(bucket) })),
    },
  },
  'GET /api/v1/analytics/user/:id': {
    who: 'signed in',
    summary: 'Figures of one user',
    detail: 'Your own; administrators see everybody’s.',
    query: closed(windowFields),
    answers: { 200: jsonOrCsv('The figures', userFigures) },
    problems: ['not_found'],
  },
  'GET /api/v1/analytics/knowledge': {
    who: 'admins',
    summary: 'What the knowledge base answered, and what it did not',
    detail: definitions,
    query: closed({ ...windowFields, limit: paging.limit, channel: of.channel }),
    answers: { 200: jsonOrCsv('The figures', knowledgeFigures) },
  },
  'GET /api/v1/analytics/costs': {
    who: 'admins',
    summary: 'What answers used and cost',
    detail: `${definitions} By day, model, assistant and user; the fifty users who used most.`,
    query: closed({ ...windowFields, channel: of.channel }),
    answers: { 200: jsonOrCsv('The figures', costs) },
  },
});

const score = Type.Integer({ minimum: 1, maximum: 5 });

export const ratingContract = contract('Conversations', {
  'POST /api/v1/conversations/:id/rating': {
    who: 'signed in',
    summary: 'Rate a conversation',
    detail: 'Each conversation has one rating; a second one replaces the first.',
    body: closed({ score, comment: Type.Optional(orNull(Type.String({ maxLength: 1_000 }))) }),
    example: { score: 5, comment: 'Quick and right.' },
    answers: { 204: nothing('Rated') },
  },
});

export const analyticsClientEvents = clientEvents({
  'analytics.subscribe': {
    summary: 'Administrators: receive `analytics.live` every two seconds, until the socket closes',
    frame: closed({}),
    answer: Type.Object({}),
    example: {},
  },
});

export const analyticsEvents = {
  'analytics.live': named(
    'AnalyticsLive',
    Type.Object({
      runs_in_progress: count,
      waiting: described(count, 'Runs that wait for a worker, or for another run of their conversation.'),
      answers_per_minute: described(count, 'Runs that ended in the last minute.'),
      first_token_ms_p50: described(ms, 'Of the last five minutes.'),
      agents_online: described(ms, 'null while Redis is away.'),
      conversations_waiting: count,
    }),
    {
      runs_in_progress: 3,
      waiting: 0,
      answers_per_minute: 12,
      first_token_ms_p50: 420,
      agents_online: 2,
      conversations_waiting: 1,
    },
  ),
};
