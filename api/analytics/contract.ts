import { Type } from '../contract/type.ts';
import { clientEvents, jsonOrCsv, nothing, rareContract } from '../contract/contract.ts';
import { count, format, givenId, id, paging, real, text, time } from '../contract/fields.ts';
import { closed, defaulted, described, named, oneOf, orNull, presenter } from '../contract/schema.ts';
import { INTERVALS } from '../../db/models/analytics/window.ts';
import { CHANNELS } from '../../db/models/run.ts';

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

const cost = orNull(
  Type.Object({
    amount: real,
    currency: text,
    unpriced_tokens: described(count, 'Tokens of models without a price; no part of the amount.'),
  }),
);
const totals = named(
  'AnalyticsTotals',
  Type.Object({
    users_active: count,
    users_new: count,
    conversations: count,
    messages_in: count,
    answers: count,
    answers_by_status: Type.Object({ completed: count, incomplete: count, failed: count, cancelled: count }),
    handoffs: count,
    tokens: Type.Object({ prompt: count, completion: count, total: count }),
    cost: Type.Unsafe<{ amount: number; currency: string; unpriced_tokens: number } | null>({
      ...cost,
      description: 'null without `MODEL_PRICES`.',
    }),
  }),
);
const rate = orNull(Type.Number({ minimum: 0 }));
const quality = named(
  'AnalyticsQuality',
  Type.Object({
    from_knowledge: count,
    unanswered: count,
    rated_up: count,
    rated_down: count,
    resolved_by_bot: described(count, '`confirmed` and `assumed` together.'),
    confirmed: described(count, 'Their last answer was rated up.'),
    assumed: described(count, 'Quiet for `RESOLVED_AFTER_H`.'),
    resolved_by_agent: count,
    reopened: count,
    pending: described(count, 'Not quiet for long enough.'),
    involved: described(count, 'Conversations with an answer: what the rates are of.'),
    began: described(count, 'Conversations that began: what `coverage` is of.'),
    resolution_rate: rate,
    handoff_rate: rate,
    coverage: rate,
    cost_per_resolution: rate,
    csat: Type.Object({ ratings: count, average: rate }),
  }),
);
const ms = orNull(count);
const percentiles = Type.Object({ p50: ms, p95: ms, p99: ms });
const EXAMPLE_TOTALS = {
  users_active: 12,
  users_new: 3,
  conversations: 20,
  messages_in: 64,
  answers: 63,
  answers_by_status: { completed: 60, incomplete: 1, failed: 1, cancelled: 1 },
  handoffs: 2,
  tokens: { prompt: 41_000, completion: 6_300, total: 47_300 },
  cost: { amount: 0.021, currency: 'USD', unpriced_tokens: 0 },
};
const EXAMPLE_QUALITY = {
  from_knowledge: 51,
  unanswered: 9,
  rated_up: 8,
  rated_down: 1,
  resolved_by_bot: 15,
  confirmed: 6,
  assumed: 9,
  resolved_by_agent: 1,
  reopened: 0,
  pending: 2,
  involved: 20,
  began: 20,
  resolution_rate: 0.75,
  handoff_rate: 0.1,
  coverage: 1,
  cost_per_resolution: 0.0014,
  csat: { ratings: 4, average: 4.5 },
};
const windowed = { from: time, to: time, timezone: text };
const EXAMPLE_WINDOW = {
  from: '2026-10-31T00:00:00.000Z',
  to: '2026-11-30T00:00:00.000Z',
  timezone: 'UTC',
};

const dashboard = named(
  'Dashboard',
  Type.Object({
    ...windowed,
    updated_at: time,
    totals,
    quality,
    speed: Type.Object({ first_token_ms: percentiles, answer_ms: percentiles, waited_ms: percentiles }),
    previous: Type.Object({ totals, quality }),
    top: Type.Object({
      faqs: Type.Array(Type.Object({ faq_id: id, question: text, uses: count })),
      languages: Type.Array(Type.Object({ language: text, messages: count })),
      models: Type.Array(Type.Object({ model: text, answers: count, tokens: count })),
    }),
  }),
  {
    ...EXAMPLE_WINDOW,
    updated_at: '2026-11-29T15:20:00.000Z',
    totals: EXAMPLE_TOTALS,
    quality: EXAMPLE_QUALITY,
    speed: {
      first_token_ms: { p50: 420, p95: 900, p99: 1_400 },
      answer_ms: { p50: 2_100, p95: 5_200, p99: 8_800 },
      waited_ms: { p50: 30, p95: 110, p99: 400 },
    },
    previous: { totals: EXAMPLE_TOTALS, quality: EXAMPLE_QUALITY },
    top: {
      faqs: [{ faq_id: 5, question: 'How can I change my password?', uses: 17 }],
      languages: [{ language: 'en', messages: 50 }],
      models: [{ model: 'gpt-5-mini', answers: 60, tokens: 47_300 }],
    },
  },
);
export const presentDashboard = presenter(dashboard);

const bucket = named(
  'AnalyticsBucket',
  Type.Object({
    start: time,
    conversations: count,
    messages_in: count,
    answers: count,
    failed: count,
    handoffs: count,
    rated_up: count,
    rated_down: count,
    tokens: count,
    first_token_ms_p50: ms,
    answer_ms_p95: ms,
  }),
  {
    start: '2026-11-20T00:00:00.000Z',
    conversations: 12,
    messages_in: 31,
    answers: 30,
    failed: 1,
    handoffs: 2,
    rated_up: 5,
    rated_down: 1,
    tokens: 23_650,
    first_token_ms_p50: 420,
    answer_ms_p95: 5_200,
  },
);
export const presentBucket = presenter(bucket);
const interval = oneOf(...INTERVALS);

const userFigures = named(
  'UserFigures',
  Type.Object({
    user_id: id,
    ...windowed,
    totals: Type.Object({
      conversations: count,
      messages_in: count,
      answers: count,
      tokens: count,
      rated_up: count,
      rated_down: count,
    }),
    first_seen: time,
    last_seen: time,
  }),
  {
    user_id: 7,
    ...EXAMPLE_WINDOW,
    totals: { conversations: 2, messages_in: 9, answers: 9, tokens: 6_100, rated_up: 1, rated_down: 0 },
    first_seen: '2026-11-20T09:30:00.000Z',
    last_seen: '2026-11-29T15:10:00.000Z',
  },
);
export const presentUserFigures = presenter(userFigures);

const used = { answers: count, tokens: count, amount: orNull(real) };
const costs = named(
  'Costs',
  Type.Object({
    ...windowed,
    currency: described(orNull(text), 'null without `MODEL_PRICES`; amounts are null then.'),
    total: Type.Object({ ...used, unpriced_tokens: orNull(count) }),
    days: Type.Array(Type.Object({ start: time, ...used })),
    models: Type.Array(Type.Object({ model: text, ...used })),
    assistants: Type.Array(Type.Object({ assistant_id: orNull(id), ...used })),
    users: Type.Array(
      Type.Object({
        user_id: described(orNull(id), 'null: all of them together, where they are fewer than five.'),
        ...used,
      }),
    ),
  }),
  {
    ...EXAMPLE_WINDOW,
    currency: 'USD',
    total: { answers: 60, tokens: 47_300, amount: 0.021, unpriced_tokens: 0 },
    days: [{ start: '2026-10-31T00:00:00.000Z', answers: 60, tokens: 47_300, amount: 0.021 }],
    models: [{ model: 'gpt-5-mini', answers: 60, tokens: 47_300, amount: 0.021 }],
    assistants: [{ assistant_id: 1, answers: 60, tokens: 47_300, amount: 0.021 }],
    users: [{ user_id: null, answers: 60, tokens: 47_300, amount: 0.021 }],
  },
);

export const presentCosts = presenter(costs);

const knowledgeFigures = named(
  'KnowledgeFigures',
  Type.Object({
    ...windowed,
    faqs: described(
      Type.Array(
        Type.Object({
          faq_id: id,
          question: text,
          uses: described(count, 'Answers of the window that cite it.'),
          rated_up: described(count, 'Ratings that such answers got in the window.'),
          rated_down: count,
          helpful: described(count, 'Verdicts on the FAQ itself, at any time.'),
          not_helpful: count,
        }),
      ),
      'Most used first.',
    ),
    unused: described(
      Type.Array(Type.Object({ faq_id: id, question: text })),
      'Published ones that no answer of the window cites.',
    ),
    gaps: described(
      Type.Array(
        Type.Object({
          suggestion_id: id,
          status: oneOf('open', 'drafted', 'dismissed'),
          language: text,
          asked: count,
          asked_before: described(count, 'In the window before.'),
        }),
      ),
      'Groups of questions without an answer, largest first. Their texts are at `/faqs/suggestions`.',
    ),
  }),
  {
    ...EXAMPLE_WINDOW,
    faqs: [
      {
        faq_id: 5,
        question: 'How can I change my password?',
        uses: 17,
        rated_up: 3,
        rated_down: 1,
        helpful: 9,
        not_helpful: 2,
      },
    ],
    unused: [{ faq_id: 8, question: 'Do you ship to islands?' }],
    gaps: [{ suggestion_id: 4, status: 'open', language: 'en', asked: 6, asked_before: 1 }],
  },
);

export const presentKnowledge = presenter(knowledgeFigures);

const definitions =
  'Figures are those of the rows, up to the present moment; docs/analytics.md defines each. Percentiles are within 4 %. ' +
  '`format=csv` answers a table.';

export const analyticsContract = rareContract('Analytics', {
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

export const ratingContract = rareContract('Conversations', {
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
