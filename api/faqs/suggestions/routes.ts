import {
  dismissSuggestion,
  draftSuggestion,
  findSuggestion,
  listSuggestions,
  type SuggestionRow,
} from '../../../db/models/faqSuggestion.ts';
import { knex } from '../../../db/knex.ts';
import { env } from '../../../shared/base/env.ts';
import { found, problem } from '../../../shared/base/errors.ts';
import { redact } from '../../../shared/knowledge/redact.ts';
import { note } from '../../audit/note.ts';
import { pageOf } from '../../contract/page.ts';
import { serve } from '../../contract/serve.ts';
import { publicPath } from '../../public.ts';
import { pathId } from '../../middleware/ids.ts';
import { accepted } from '../../../shared/knowledge/accepted.ts';
import { presentFaq } from '../contract.ts';
import { embedInBackground } from '../../../shared/knowledge/embed.ts';
import { withSlug } from '../../../shared/knowledge/slug.ts';
import { faqSuggestionContract, presentSuggested } from './contract.ts';

/** Of a draft that nobody has answered yet; nobody but editors sees it. */
const NO_ANSWER = 'To be written.';
const EXAMPLE_CHARACTERS = 500;

export const faqSuggestions = serve(faqSuggestionContract, {
  'GET /api/v1/faqs/suggestions': async (ctx) => {
    const { status, ...query } = ctx.state.query;
    const shown = await pageOf(query, {
      list: 'faq-suggestions',
      by: ['asked', 'id'],
      find: (limit, after) => listSuggestions(status, { limit, after, similarity: env.PASSAGE_THRESHOLD }),
      present: presentSuggestion,
    });
    // They show what users asked.
    const ids = shown.data.map(({ id }) => id);
    if (ids.length > 0) await note(ctx, 'faq_suggestion.listed', { details: { ids } })(null, knex);
    ctx.body = shown;
  },

  'POST /api/v1/faqs/suggestions/:id/draft': async (ctx) => {
    const { question, answer = NO_ANSWER, category_id } = ctx.state.body;
    const suggestion = found(await findSuggestion(pathId(ctx), env.PASSAGE_THRESHOLD));
    const asked = question ?? presentSuggestion(suggestion).question;
    const fields = { question: asked, answer, category_id, language: suggestion.language };
    const created = note(ctx, 'faq.created', { details: { suggestion_id: suggestion.id } });
    const draft = (slug: string) => draftSuggestion(suggestion.id, { ...fields, slug }, created);
    const drafted = await withSlug(undefined, asked, draft);
    if (drafted === 'decided') throw decided();
    const faq = accepted(drafted);
    embedInBackground(faq);
    ctx.set('Location', publicPath(`/api/v1/faqs/${faq.id}`));
    ctx.body = presentFaq(faq);
  },

  'POST /api/v1/faqs/suggestions/:id/dismiss': async (ctx) => {
    const id = pathId(ctx);
    const { status } = found(await findSuggestion(id, env.PASSAGE_THRESHOLD));
    const along = note(ctx, 'faq_suggestion.dismissed');
    if (status !== 'dismissed' && !(await dismissSuggestion(id, along))) throw decided();
  },
});

/** A suggestion: what users asked, without what tells who they are. */
function presentSuggestion(suggestion: SuggestionRow) {
  const examples = suggestion.examples.map((example) =>
    redact(example).slice(0, EXAMPLE_CHARACTERS).toWellFormed(),
  );
  return presentSuggested({
    ...suggestion,
    question: examples[0] ?? '',
    examples: [...new Set(examples)],
  });
}

function decided() {
  return problem('already_exists', 'This suggestion was decided on before');
}
