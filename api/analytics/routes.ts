import { figuresOfUser } from '../../db/models/analytics/figures.ts';
import { costs, type Sum } from '../../shared/analytics/costs.ts';
import { knowledge } from '../../shared/analytics/knowledge.ts';
import { dashboard } from '../../shared/analytics/dashboard.ts';
import { overTime } from '../../shared/analytics/overTime.ts';
import { windowOf } from '../../shared/analytics/window.ts';
import { found, problem } from '../../shared/base/errors.ts';
import { serve } from '../contract/serve.ts';
import { pathId } from '../middleware/ctx.ts';
import {
  presentBucket,
  presentCosts,
  presentDashboard,
  presentKnowledge,
  presentUserFigures,
} from './answers.ts';
import { analyticsContract, ratingContract } from './contract.ts';
import { answerCsv, answerList, leaves } from './csv.ts';
import { rateConversation } from '../../db/models/conversationRating.ts';

const BUCKET = [
  'start',
  'conversations',
  'messages_in',
  'answers',
  'failed',
  'handoffs',
  'rated_up',
  'rated_down',
  'tokens',
  'first_token_ms_p50',
  'answer_ms_p95',
] as const;

export const analytics = serve(analyticsContract, {
  'GET /api/v1/analytics/dashboard': async (ctx) => {
    const { format, assistant_id: assistantId = null, channel = null, ...asked } = ctx.state.query;
    const window = await windowOf(asked, ctx.state.user.timezone);
    const figures = await dashboard(window, { assistantId, channel });
    if (format === 'json') {
      ctx.body = presentDashboard(figures);
      return;
    }
    const { totals, quality, speed, previous, top } = figures;
    const then = new Map(leaves(previous));
    const lines = leaves({ totals, quality, speed }).map(([name, value]) => [
      name,
      '',
      value,
      then.get(name),
    ]);
    answerCsv(
      ctx,
      'dashboard',
      ['figure', 'key', 'value', 'previous'],
      [
        ...lines,
        ...top.faqs.map((faq) => ['top.faqs', faq.question, faq.uses, null]),
        ...top.languages.map((one) => ['top.languages', one.language, one.messages, null]),
        ...top.models.map((one) => ['top.models', one.model, one.answers, null]),
      ],
    );
  },

  'GET /api/v1/analytics/conversations': async (ctx) => {
    const { format, interval, assistant_id: assistantId = null, channel = null, ...asked } = ctx.state.query;
    const window = await windowOf(asked, ctx.state.user.timezone);
    const buckets = await overTime(window, interval, { assistantId, channel });
    if (format === 'csv') answerList(ctx, 'conversations', BUCKET, buckets);
    else ctx.body = { interval, timezone: window.timezone, data: buckets.map(presentBucket) };
  },

  'GET /api/v1/analytics/user/:id': async (ctx) => {
    const { format, ...asked } = ctx.state.query;
    const [user_id, { user }] = [pathId(ctx), ctx.state];
    if (user_id !== user.id && user.role !== 'admin') throw problem('not_found');
    const window = await windowOf(asked, user.timezone);
    const { first_seen, last_seen, ...totals } = found(await figuresOfUser(user_id, window));
    const figures = { user_id, ...window, totals, first_seen, last_seen };
    if (format === 'csv') answerCsv(ctx, `user-${user_id}`, ['figure', 'value'], leaves(figures));
    else ctx.body = presentUserFigures(figures);
  },

  'GET /api/v1/analytics/knowledge': async (ctx) => {
    const { format, limit, channel = null, ...asked } = ctx.state.query;
    const window = await windowOf(asked, ctx.state.user.timezone);
    const figures = await knowledge(window, limit, { assistantId: null, channel });
    if (format === 'json') {
      ctx.body = presentKnowledge(figures);
      return;
    }
    const { faqs, unused, gaps } = figures;
    answerCsv(
      ctx,
      'knowledge',
      ['list', 'id', 'text', 'count', 'rated_up', 'rated_down', 'count_before'],
      [
        ...faqs.map((one) => [
          'faqs',
          one.faq_id,
          one.question,
          one.uses,
          one.rated_up,
          one.rated_down,
          null,
        ]),
        ...unused.map((one) => ['unused', one.faq_id, one.question, 0, null, null, null]),
        ...gaps.map((one) => ['gaps', one.suggestion_id, null, one.asked, null, null, one.asked_before]),
      ],
    );
  },

  'GET /api/v1/analytics/costs': async (ctx) => {
    const { format, channel = null, ...asked } = ctx.state.query;
    const window = await windowOf(asked, ctx.state.user.timezone);
    const figures = await costs(window, { assistantId: null, channel });
    if (format === 'json') {
      ctx.body = presentCosts({
        ...figures,
        days: figures.days.map((day) => ({ ...day, start: day.start.toISOString() })),
      });
      return;
    }
    const line = (by: string, key: string | number | Date | null, sum: Sum) => [
      by,
      key,
      ...USED.map((name) => sum[name]),
      figures.currency,
    ];
    answerCsv(
      ctx,
      'costs',
      ['by', 'key', ...USED, 'currency'],
      [
        line('total', null, figures.total),
        ...figures.days.map((one) => line('day', one.start, one)),
        ...figures.models.map((one) => line('model', one.model, one)),
        ...figures.assistants.map((one) => line('assistant', one.assistant_id, one)),
        ...figures.users.map((one) => line('user', one.user_id, one)),
      ],
    );
  },
});

const USED = ['answers', 'tokens', 'amount'] as const;

export const ratings = serve(ratingContract, {
  'POST /api/v1/conversations/:id/rating': async (ctx) => {
    const { score, comment = null } = ctx.state.body;
    found(await rateConversation(pathId(ctx), ctx.state.user.id, { score, comment }));
  },
});
