import type { WrittenFaq } from '../../db/models/faq.ts';
import {
  dismissSuggestion,
  draftSuggestion,
  findSuggestion,
  listSuggestions,
  type SuggestionRow,
  type SuggestionStatus,
} from '../../db/models/faqSuggestion.ts';
import { type By, noted } from '../accounts/noted.ts';
import { found, problem } from '../base/errors.ts';
import { accepted } from './accepted.ts';
import { embedInBackground } from './embed.ts';
import { redact } from './redact.ts';
import { withSlug } from './slug.ts';
import { presentThreshold } from './threshold.ts';

/** Answer of a new draft; only editors see drafts. */
const NO_ANSWER = 'To be written.';
const EXAMPLE_CHARACTERS = 500;

/** A suggestion. The users' questions are redacted. */
export type Suggestion = SuggestionRow & { question: string };
type Page = { limit: number; after: { asked: number; id: number } | null; shown: number };

/**
 * Returns a page of suggestions, most asked first. Suggestions show users' questions, so the audit log notes the shown ones.
 * @param page `after`: the end of the page before; `shown`: number of suggestions that the client gets
 */
export async function suggestions(
  by: By,
  status: SuggestionStatus,
  { limit, after, shown }: Page,
): Promise<Suggestion[]> {
  const page = await listSuggestions(status, { limit, after, similarity: await presentThreshold() });
  const ids = page.slice(0, shown).map(({ id }) => id);
  if (ids.length > 0) await noted(by, 'faq_suggestion.listed', { details: { ids } })(null);
  return page.map(redacted);
}

/**
 * Makes a draft from an open suggestion.
 * @param fields the editor's values; the default question is the first that a user asked
 * @throws Problem `not_found`, `validation_failed`; `already_exists` when the suggestion is not open
 */
export async function draft(
  by: By,
  id: number,
  fields: { question?: string; answer?: string; category_id?: number | null },
): Promise<WrittenFaq> {
  const {
    language,
    question: asked,
    first_id,
  } = redacted(found(await findSuggestion(id, await presentThreshold())));
  const { question = asked, answer = NO_ANSWER, category_id } = fields;
  const created = noted(by, 'faq.created', { details: { suggestion_id: id } });
  const drafted = await withSlug(undefined, question, (slug) =>
    draftSuggestion(
      id,
      { question, answer, category_id, language, slug },
      question === asked ? first_id : null,
      created,
    ),
  );
  if (drafted === 'decided') throw decided();
  const faq = accepted(drafted);
  embedInBackground(faq);
  return faq;
}

/** Dismisses a suggestion. @throws Problem `not_found`; `already_exists` when the suggestion has a draft */
export async function dismiss(by: By, id: number): Promise<void> {
  const { status } = found(await findSuggestion(id, await presentThreshold()));
  const along = noted(by, 'faq_suggestion.dismissed');
  if (status !== 'dismissed' && !(await dismissSuggestion(id, along))) throw decided();
}

function redacted(suggestion: SuggestionRow): Suggestion {
  const examples = suggestion.examples.map((example) =>
    redact(example).slice(0, EXAMPLE_CHARACTERS).toWellFormed(),
  );
  return { ...suggestion, question: examples[0] ?? '', examples: [...new Set(examples)] };
}

function decided() {
  return problem('already_exists', 'This suggestion was decided on before');
}
