import Router from '@koa/router';
import {
  addFaq,
  changeFaq,
  deleteFaq,
  type FaqFilter,
  findFaq,
  listFaqs,
  rateFaq,
  viewFaq,
} from '../../db/models/faq.ts';
import { countWouldAnswer } from '../../db/models/faqSuggestion.ts';
import { env } from '../../shared/env.ts';
import { problem } from '../../shared/errors.ts';
import { searchKnowledge } from '../../shared/search.ts';
import type { SignedUser } from '../auth/authenticate.ts';
import { note } from '../audit/note.ts';
import type { RouteContext, State } from '../context.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { auth, requireRole } from '../middleware/auth.ts';
import { pathId } from '../middleware/ids.ts';
import { bodyOf, queryOf, validate, validateQuery } from '../middleware/validate.ts';
import { accepted } from './accepted.ts';
import { embedInBackground } from './embed.ts';
import { presentFaq, presentFound } from './presenter.ts';
import { changeBody, createBody, feedbackBody, listQuery, searchQuery } from './schemas.ts';
import { withSlug } from './slug.ts';
import { publicPath } from '../public.ts';

export const faqRoutes = new Router<State>({ prefix: '/faqs' });
const editor = requireRole('admin', 'agent');

faqRoutes.get('/', auth, validateQuery(listQuery), async (ctx: RouteContext) => {
  const { limit, cursor, ...filter } = queryOf(ctx, listQuery);
  const afterId = cursor === undefined ? null : (decodeCursor('faqs', cursor, 1)[0] ?? null);
  const visible = visibleTo(ctx.state.user, filter);
  // One more than is shown tells whether there is more.
  const found = visible === null ? [] : await listFaqs(visible, limit + 1, afterId);
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = { data: data.map(presentFaq), next_cursor: last ? encodeCursor('faqs', [last.id]) : null };
});

faqRoutes.post('/', auth, editor, validate(createBody), async (ctx: RouteContext) => {
  const fields = bodyOf(ctx, createBody);
  const add = (slug: string) => addFaq({ ...fields, slug }, note(ctx, 'faq.created'));
  const faq = accepted(await withSlug(fields.slug, fields.question, add));
  embedInBackground(faq);
  ctx.status = 201;
  ctx.set('Location', publicPath(`/api/v1/faqs/${faq.id}`));
  ctx.body = presentFaq(faq);
});

faqRoutes.get('/search', auth, validateQuery(searchQuery), async (ctx: RouteContext) => {
  const { q, limit, language = null } = queryOf(ctx, searchQuery);
  const { faqs, cached } = await searchKnowledge({ text: q.trim(), language, limit });
  ctx.body = { data: faqs.map(presentFound), cached };
});

faqRoutes.get('/:id', auth, async (ctx: RouteContext) => {
  const id = pathId(ctx);
  ctx.body = presentFaq(there(await (isEditor(ctx.state.user) ? findFaq(id) : viewFaq(id))));
});

faqRoutes.put('/:id', auth, editor, validate(changeBody), async (ctx: RouteContext) => {
  const fields = bodyOf(ctx, changeBody);
  const along = note(ctx, 'faq.updated', { details: { fields: Object.keys(fields) } });
  const faq = accepted(there(await changeFaq(pathId(ctx), fields, along)));
  embedInBackground(faq);
  const published = bodyOf(ctx, changeBody).status === 'published';
  const would_answer = published ? await countWouldAnswer(faq.id, env.PASSAGE_THRESHOLD) : null;
  ctx.body = { ...presentFaq(faq), ...(published && { would_answer }) };
});

faqRoutes.delete('/:id', auth, editor, async (ctx: RouteContext) => {
  if (!(await deleteFaq(pathId(ctx), note(ctx, 'faq.deleted')))) throw problem('not_found');
  ctx.status = 204;
});

faqRoutes.post('/:id/feedback', auth, validate(feedbackBody), async (ctx: RouteContext) => {
  const { helpful } = bodyOf(ctx, feedbackBody);
  if (!(await rateFaq(pathId(ctx), ctx.state.user.id, helpful))) throw problem('not_found');
  ctx.status = 204;
});

function isEditor({ role }: SignedUser): boolean {
  return role === 'admin' || role === 'agent';
}

/** Users see what is published; null when they ask for what they may not see. */
function visibleTo(user: SignedUser, filter: FaqFilter): FaqFilter | null {
  if (isEditor(user)) return filter;
  if (filter.status !== undefined && filter.status !== 'published') return null;
  return { ...filter, status: 'published' };
}

function there<T>(found: T | null): T {
  if (found === null) throw problem('not_found');
  return found;
}
