import { Faq, type FaqFilter, findEmbedded, rateFaq } from '../../db/models/faq.ts';
import { countWouldAnswer } from '../../db/models/faqSuggestion.ts';
import { recentUses } from '../../shared/analytics/knowledge.ts';
import { found } from '../../shared/base/errors.ts';
import { explainSearch, searchKnowledge } from '../../shared/knowledge/search.ts';
import { presentThreshold } from '../../shared/knowledge/threshold.ts';
import { note } from '../audit/note.ts';
import type { SignedUser } from '../../shared/accounts/authenticate.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { limitSearches } from '../middleware/limit-searches.ts';
import { isEditor } from '../middleware/auth.ts';
import { pathId } from '../middleware/ctx.ts';
import { accepted } from '../../shared/knowledge/accepted.ts';
import { faqContract, presentFaq, presentFound, presentNear, presentState } from './contract.ts';
import { embedInBackground } from '../../shared/knowledge/embed.ts';
import { withSlug } from '../../shared/knowledge/slug.ts';
import { publicPath } from '../middleware/origin.ts';

export const faqs = serve(faqContract, {
  'GET /api/v1/faqs': async (ctx) => {
    const { limit: _limit, cursor: _cursor, ...filter } = ctx.state.query;
    const visible = visibleTo(ctx.state.user, filter);
    const page = await pageOf(ctx.state.query, {
      list: 'faqs',
      by: ['id'],
      find: async (limit, after) => (visible === null ? [] : Faq.list(visible, limit, after?.id ?? null)),
      present: presentFaq,
    });
    const states = isEditor(ctx.state.user) && { states: await findEmbedded(page.data.map(({ id }) => id)) };
    ctx.body = { ...page, ...states };
  },

  'POST /api/v1/faqs': async (ctx) => {
    const fields = ctx.state.body;
    const add = (slug: string) => Faq.add({ ...fields, slug }, note(ctx, 'faq.created'));
    const faq = accepted(await withSlug(fields.slug, fields.question, add));
    embedInBackground(faq);
    ctx.set('Location', publicPath(`/api/v1/faqs/${faq.id}`));
    ctx.body = presentFaq(faq);
  },

  'GET /api/v1/faqs/search': [
    limitSearches,
    async (ctx) => {
      const { q, limit, language = null } = ctx.state.query;
      const asked = { user_id: ctx.state.user.id, text: q.trim(), language, limit };
      const { faqs: data, cached } = await searchKnowledge(asked);
      ctx.body = { data: data.map(presentFound), cached };
    },
  ],

  'GET /api/v1/faqs/ask': [
    limitSearches,
    async (ctx) => {
      const { q, limit, language = null } = ctx.state.query;
      const asked = { user_id: ctx.state.user.id, text: q.trim(), language, limit };
      const { data, ...why } = await explainSearch(asked);
      ctx.body = { ...why, data: data.map(presentNear) };
    },
  ],

  'GET /api/v1/faqs/:id/state': async (ctx) => {
    const id = pathId(ctx);
    const { embedding } = found((await findEmbedded([id]))[0]);
    ctx.body = presentState({ embedding, uses: await recentUses(id) });
  },

  'GET /api/v1/faqs/:id': async (ctx) => {
    const id = pathId(ctx);
    ctx.body = presentFaq(found(await (isEditor(ctx.state.user) ? Faq.find(id) : Faq.view(id))));
  },

  'PUT /api/v1/faqs/:id': async (ctx) => {
    const fields = ctx.state.body;
    const along = note(ctx, 'faq.updated', { details: { fields: Object.keys(fields) } });
    const faq = accepted(found(await Faq.change(pathId(ctx), fields, along)));
    embedInBackground(faq);
    const published = fields.status === 'published';
    const would_answer = published ? await countWouldAnswer(faq.id, await presentThreshold()) : null;
    ctx.body = { ...presentFaq(faq), ...(published && { would_answer }) };
  },

  'DELETE /api/v1/faqs/:id': async (ctx) => {
    found(await Faq.remove(pathId(ctx), note(ctx, 'faq.deleted')));
  },

  'POST /api/v1/faqs/:id/feedback': async (ctx) => {
    found(await rateFaq(pathId(ctx), ctx.state.user.id, ctx.state.body.helpful));
  },
});

/** Narrows a filter to published FAQs, except for editors. Returns null for a status that the user may not see. */
function visibleTo(user: SignedUser, filter: FaqFilter): FaqFilter | null {
  if (isEditor(user)) return filter;
  if (filter.status !== undefined && filter.status !== 'published') return null;
  return { ...filter, status: 'published' };
}
