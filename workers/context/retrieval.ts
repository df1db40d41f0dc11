import type { ContextRecord } from '../../db/models/turn.ts';
import { env } from '../../shared/base/env.ts';
import { searchKnowledge } from '../../shared/knowledge/search.ts';

/**
 * Passages of the knowledge base that may answer a user's question, best first.
 * @returns null when the question cannot be embedded just now: the answer is then made without passages
 */
export async function findPassages(
  user_id: number,
  question: string,
  language: string,
): Promise<ContextRecord['passages'] | null> {
  if (env.PASSAGE_LIMIT === 0) return [];
  const { faqs, by_meaning } = await searchKnowledge({
    user_id,
    text: question,
    language,
    limit: env.PASSAGE_LIMIT,
  });
  if (!by_meaning) return null;
  return faqs.map(({ id, question, answer, similarity }) => ({ faq_id: id, question, answer, similarity }));
}
