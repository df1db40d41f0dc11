import type { FaqRow } from '../../db/models/faq.ts';
import type { FoundFaq } from '../../db/models/faqSearch.ts';

/** An FAQ as everybody sees it who may see it. */
export function presentFaq(faq: FaqRow) {
  return {
    id: faq.id,
    category_id: faq.category_id,
    question: faq.question,
    answer: faq.answer,
    keywords: faq.keywords,
    language: faq.language,
    status: faq.status,
    priority: faq.priority,
    slug: faq.slug,
    view_count: faq.view_count,
    helpful_count: faq.helpful_count,
    not_helpful_count: faq.not_helpful_count,
    meta_title: faq.meta_title,
    meta_description: faq.meta_description,
    created_at: faq.created_at.toISOString(),
    updated_at: faq.updated_at.toISOString(),
    published_at: faq.published_at?.toISOString() ?? null,
  };
}

/** An FAQ as an answer to a search. Similarity is that of the cosine: 1 is the same text. */
export function presentFound({ id, question, answer, language, similarity }: FoundFaq) {
  return { id, question, answer, language, similarity };
}
