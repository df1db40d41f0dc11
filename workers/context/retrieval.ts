import type { ContextRecord } from '../../db/models/turn.ts';
import { env } from '../../shared/base/env.ts';
import { searchKnowledge } from '../../shared/knowledge/search.ts';

type Found = {
  passages: ContextRecord['passages'];
  /** True when the question could not be embedded: the passages are those that hold its words. */
  by_words_only: boolean;
};

/** Finds passages of the knowledge base that may answer a user's question, best first. */
export async function findPassages(user_id: number, question: string, language: string): Promise<Found> {
  if (env.PASSAGE_LIMIT === 0) return { passages: [], by_words_only: false };
  const { faqs, by_words_only } = await searchKnowledge({
    user_id,
    text: question,
    language,
    limit: env.PASSAGE_LIMIT,
  });
  const passages = faqs.map(({ id, question, answer, similarity }) => ({
    faq_id: id,
    question,
    answer,
    similarity,
  }));
  return { passages, by_words_only };
}
