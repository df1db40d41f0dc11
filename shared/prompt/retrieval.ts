import type { AssistantDefinition } from '../../db/models/assistant.ts';
import type { ContextRecord } from '../../db/models/turn.ts';
import { env } from '../base/env.ts';
import { searchKnowledge } from '../knowledge/search.ts';

type Found = {
  passages: ContextRecord['passages'];
  /** True when the question has no vector: the passages contain its words. */
  by_words_only: boolean;
};

/**
 * Finds passages of the knowledge base that may answer a user's question, best first.
 * @param knowledge the part that the assistant may use; absent: all
 */
export async function findPassages(
  user_id: number,
  question: string,
  language: string,
  knowledge: AssistantDefinition['knowledge'] = { enabled: true, category_ids: null },
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
