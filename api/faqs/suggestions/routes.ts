import Router from '@koa/router';
import { addFaq } from '../../../db/models/faq.ts';
import {
  closeSuggestion,
  findSuggestion,
  listSuggestions,
  settleSuggestion,
} from '../../../db/models/faqSuggestion.ts';
import { knex } from '../../../db/knex.ts';
import { env } from '../../../shared/env.ts';
import { problem } from '../../../shared/errors.ts';
import { note } from '../../audit/note.ts';
import type { RouteContext, State } from '../../context.ts';
import { decodeCursor, encodeCursor } from '../../cursor.ts';
import { auth, requireRole } from '../../middleware/auth.ts';
import { pathId } from '../../middleware/ids.ts';
import { bodyOf, queryOf, validate, validateQuery } from '../../middleware/validate.ts';
import { accepted } from '../accepted.ts';
import { embedInBackground } from '../embed.ts';
import { presentFaq } from '../presenter.ts';
import { withSlug } from '../slug.ts';
import { presentSuggestion } from './presenter.ts';
import { draftBody, listQuery } from './schemas.ts';
import { publicPath } from '../../public.ts';

export const faqSuggestionRoutes = new Router<State>({ prefix: '/faqs/suggestions' });
const editor = requireRole('admin', 'agent');

/** Of a draft that nobody has answered yet; nobody but editors sees it. */
const NO_ANSWER = 'To be written.';

faqSuggestionRoutes.get('/', auth, editor, validateQuery(listQuery), async (ctx: RouteContext) => {
  const { limit, cursor, status } = queryOf(ctx, listQuery);
  const after = cursor === undefined ? null : place(cursor);
  const found = await listSuggestions(status, { limit: limit + 1, after, similarity: env.PASSAGE_THRESHOLD });
  const data = found.slice(0, limit);
  // They show what users asked.
  const ids = data.map(({ id }) => id);
  if (ids.length > 0) await note(ctx, 'faq_suggestion.listed', { details: { ids } })(null, knex);
  const last = found.length > limit ? data.at(-1) : undefined;
  ctx.body = {
    data: data.map(presentSuggestion),
    next_cursor: last ? encodeCursor('faq-suggestions', [last.asked, last.id]) : null,
  };
});

faqSuggestionRoutes.post('/:id/draft', auth, editor, validate(draftBody), async (ctx: RouteContext) => {
  const { question, answer = NO_ANSWER, category_id } = bodyOf(ctx, draftBody);
  const suggestion = await claimed(pathId(ctx));
  try {
    const asked = question ?? presentSuggestion(suggestion).question;
    const fields = { question: asked, answer, category_id, language: suggestion.language };
    const created = note(ctx, 'faq.created', { details: { suggestion_id: suggestion.id } });
    const faq = accepted(await withSlug(undefined, asked, (slug) => addFaq({ ...fields, slug }, created)));
    await settleSuggestion(suggestion.id, faq.id);
    embedInBackground(faq);
    ctx.status = 201;
    ctx.set('Location', publicPath(`/api/v1/faqs/${faq.id}`));
    ctx.body = presentFaq(faq);
  } catch (err) {
    await settleSuggestion(suggestion.id, null);
    throw err;
  }
});

faqSuggestionRoutes.post('/:id/dismiss', auth, editor, async (ctx: RouteContext) => {
  const id = pathId(ctx);
  const found = await findSuggestion(id, env.PASSAGE_THRESHOLD);
  if (found === null) throw problem('not_found');
  const along = note(ctx, 'faq_suggestion.dismissed');
  if (found.status !== 'dismissed' && !(await closeSuggestion(id, 'dismissed', along))) throw decided();
  ctx.status = 204;
});

async function claimed(id: number) {
  const found = await findSuggestion(id, env.PASSAGE_THRESHOLD);
  if (found === null) throw problem('not_found');
  if (!(await closeSuggestion(id, 'drafted'))) throw decided();
  return found;
}

function decided() {
  return problem('already_exists', 'This suggestion was decided on before');
}

function place(cursor: string) {
  const [asked = 0, id = 0] = decodeCursor('faq-suggestions', cursor, 2);
  return { asked, id };
}
