import { FaqCategory } from '../../db/models/faqCategory.ts';
import { found, problem } from '../../shared/base/errors.ts';
import { note } from '../audit/note.ts';
import { pageOf } from '../contract/page.ts';
import { serve } from '../contract/serve.ts';
import { withSlug } from '../../shared/knowledge/slug.ts';
import { publicPath } from '../middleware/origin.ts';
import { pathId } from '../middleware/ctx.ts';
import { faqCategoryContract, presentFaqCategory } from './contract.ts';

export const faqCategories = serve(faqCategoryContract, {
  'GET /api/v1/faq-categories': async (ctx) => {
    ctx.body = await pageOf(ctx.state.query, {
      list: 'faq-categories',
      by: ['id'],
      find: (limit, after) => FaqCategory.list(limit, after?.id ?? 0),
      present: presentFaqCategory,
    });
  },

  'POST /api/v1/faq-categories': async (ctx) => {
    const fields = ctx.state.body;
    const add = (slug: string) => FaqCategory.add({ ...fields, slug }, note(ctx, 'faq_category.created'));
    const added = accepted(await withSlug(fields.slug, fields.name, add));
    ctx.set('Location', publicPath(`/api/v1/faq-categories/${added.id}`));
    ctx.body = presentFaqCategory(added);
  },

  'GET /api/v1/faq-categories/:id': async (ctx) => {
    ctx.body = presentFaqCategory(found(await FaqCategory.find(pathId(ctx))));
  },

  'PUT /api/v1/faq-categories/:id': async (ctx) => {
    const change = ctx.state.body;
    const along = note(ctx, 'faq_category.updated', { details: { fields: Object.keys(change) } });
    ctx.body = presentFaqCategory(accepted(found(await FaqCategory.change(pathId(ctx), change, along))));
  },

  'DELETE /api/v1/faq-categories/:id': async (ctx) => {
    found(await FaqCategory.remove(pathId(ctx), note(ctx, 'faq_category.deleted')));
  },
});

function accepted(result: FaqCategory | 'slug_taken'): FaqCategory {
  if (result !== 'slug_taken') return result;
  throw problem('already_exists', 'Another category has this slug', {
    errors: [{ path: '/slug', message: 'must be unique: it is taken' }],
  });
}
