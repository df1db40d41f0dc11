import { dismiss, draft, suggestions } from '../../../shared/knowledge/suggestions.ts';
import { by } from '../../audit/note.ts';
import { pageOf } from '../../contract/page.ts';
import { serve } from '../../contract/serve.ts';
import { pathId } from '../../middleware/ctx.ts';
import { publicPath } from '../../middleware/origin.ts';
import { presentFaq } from '../contract.ts';
import { faqSuggestionContract, presentSuggested } from './contract.ts';

export const faqSuggestions = serve(faqSuggestionContract, {
  'GET /api/v1/faqs/suggestions': async (ctx) => {
    const { status, limit: shown } = ctx.state.query;
    ctx.body = await pageOf(ctx.state.query, {
      list: 'faq-suggestions',
      by: ['asked', 'id'],
      find: (limit, after) => suggestions(by(ctx), status, { limit, after, shown }),
      present: presentSuggested,
    });
  },

  'POST /api/v1/faqs/suggestions/:id/draft': async (ctx) => {
    const faq = await draft(by(ctx), pathId(ctx), ctx.state.body);
    ctx.set('Location', publicPath(`/api/v1/faqs/${faq.id}`));
    ctx.body = presentFaq(faq);
  },

  'POST /api/v1/faqs/suggestions/:id/dismiss': async (ctx) => {
    await dismiss(by(ctx), pathId(ctx));
  },
});
