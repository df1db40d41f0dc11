import Router from '@koa/router';
import {
  addFaqCategory,
  changeFaqCategory,
  deleteFaqCategory,
  type FaqCategoryRow,
  findFaqCategory,
  listFaqCategories,
} from '../../db/models/faqCategory.ts';
import { problem } from '../../shared/errors.ts';
import { note } from '../audit/note.ts';
import type { RouteContext, State } from '../context.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { withSlug } from '../faqs/slug.ts';
import { auth, requireRole } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { bodyOf, queryOf, validate, validateQuery } from '../middleware/validate.ts';
import { presentFaqCategory } from './presenter.ts';
import { changeBody, createBody, listQuery } from './schemas.ts';
import { publicPath } from '../public.ts';

export const faqCategoryRoutes = new Router<State>({ prefix: '/faq-categories' });
const editor = requireRole('admin', 'agent');

faqCategoryRoutes.get('/', auth, validateQuery(listQuery), async (ctx: RouteContext) => {
  const { limit, cursor } = queryOf(ctx, listQuery);
  const [afterId = 0] = cursor === undefined ? [] : decodeCursor('faq-categories', cursor, 1);
  const found = await listFaqCategories(limit + 1, afterId);
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = {
    data: data.map(presentFaqCategory),
    next_cursor: last ? encodeCursor('faq-categories', [last.id]) : null,
  };
});

faqCategoryRoutes.post('/', auth, editor, validate(createBody), async (ctx: RouteContext) => {
  const fields = bodyOf(ctx, createBody);
  const add = (slug: string) => addFaqCategory({ ...fields, slug }, note(ctx, 'faq_category.created'));
  const category = accepted(await withSlug(fields.slug, fields.name, add));
  ctx.status = 201;
  ctx.set('Location', publicPath(`/api/v1/faq-categories/${category.id}`));
  ctx.body = presentFaqCategory(category);
});

faqCategoryRoutes.get('/:id', auth, async (ctx: RouteContext) => {
  ctx.body = presentFaqCategory(there(await findFaqCategory(pathId(ctx))));
});

faqCategoryRoutes.put('/:id', auth, editor, validate(changeBody), async (ctx: RouteContext) => {
  const change = bodyOf(ctx, changeBody);
  const along = note(ctx, 'faq_category.updated', { details: { fields: Object.keys(change) } });
  ctx.body = presentFaqCategory(accepted(there(await changeFaqCategory(pathId(ctx), change, along))));
});

faqCategoryRoutes.delete('/:id', auth, editor, async (ctx: RouteContext) => {
  if (!(await deleteFaqCategory(pathId(ctx), note(ctx, 'faq_category.deleted')))) throw problem('not_found');
  ctx.status = 204;
});

function there<T>(found: T | null): T {
  if (found === null) throw problem('not_found');
  return found;
}

function accepted(result: FaqCategoryRow | 'slug_taken'): FaqCategoryRow {
  if (result !== 'slug_taken') return result;
  throw problem('already_exists', 'Another category has this slug', {
    errors: [{ path: '/slug', message: 'is taken' }],
  });
}
