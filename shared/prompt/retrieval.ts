import type { AssistantDefinition } from '../../db/models/assistant.ts';
import type { ContextRecord } from '../../db/models/turn.ts';
import { env } from '../base/env.ts';
import { searchKnowledge } from '../knowledge/search.ts';

/** What an answer without an assistant may use. */
const EVERYTHING: AssistantDefinition['knowledge'] = { enabled: true, category_ids: null };

type Found = {
  passages: ContextRecord['passages'];
  /** True when the question has no vector: the passages contain its words. */
  by_words_only: boolean;
};

/** Limit of questions that an answer may offer as meant. */
const NEAREST = 3;

/** Finds the questions of the nearest FAQs below the thresholds, best first. They are offered, never taken as answers. */
export async function findNearest(
  user_id: number,
  text: string,
  language: string,
  { enabled, category_ids }: AssistantDefinition['knowledge'] = EVERYTHING,
): Promise<string[]> {
  if (env.PASSAGE_LIMIT === 0 || !enabled || category_ids?.length === 0) return [];
  const asked = { user_id, text, language, limit: NEAREST, nearest: true };
  const { faqs } = await searchKnowledge({
    ...asked,
    ...(category_ids !== null && { categories: category_ids }),
  });
  return faqs.map(({ question }) => question);
}

/**
 * Finds passages of the knowledge base that may answer a user's question, best first.
 * @param knowledge the part that the assistant may use; absent: all
 */
export async function findPassages(
  user_id: number,
  question: string,
  language: string,
  knowledge: AssistantDefinition['knowledge'] = EVERYTHING,
): Promise<Found> {
  const { enabled, category_ids } = knowledge;
  if (env.PASSAGE_LIMIT === 0 || !enabled || category_ids?.length === 0)
    return { passages: [], by_words_only: false };
  const { faqs, by_words_only } = await searchKnowledge({
    user_id,
    text: question,
    language,
    limit: env.PASSAGE_LIMIT,
    ...(category_ids !== null && { categories: category_ids }),
  });
  const passages = faqs.map(({ id, question, answer, similarity }) => ({
    faq_id: id,
    question,
    answer,
    similarity,
  }));
  return { passages, by_words_only };
}
