import type { SuggestionRow } from '../../../db/models/faqSuggestion.ts';
import { redact } from '../../../shared/knowledge/redact.ts';

const EXAMPLE_CHARACTERS = 500;

/** A suggestion: what users asked, without what tells who they are. */
export function presentSuggestion(suggestion: SuggestionRow) {
  const examples = suggestion.examples.map((example) =>
    redact(example).slice(0, EXAMPLE_CHARACTERS).toWellFormed(),
  );
  return {
    id: suggestion.id,
    question: examples[0] ?? '',
    language: suggestion.language,
    status: suggestion.status,
    asked: suggestion.asked,
    examples: [...new Set(examples)],
    faq_id: suggestion.faq_id,
    would_answer: suggestion.would_answer,
    last_asked_at: suggestion.last_asked_at.toISOString(),
  };
}
