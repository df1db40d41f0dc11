import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';

export type FoundFaq = { faq_id: number; question: string; answer: string; similarity: number };

/**
 * Published FAQs whose question or answer is close to a vector, those in the language first, then the closest.
 * Each of the two vectors has its HNSW index, so each is asked for its own nearest.
 * @param threshold cosine similarity from which an FAQ counts
 * @param model the model of the query's vector; vectors of another are not comparable
 */
export function nearestFaqs(
  vector: number[],
  model: string,
  language: string,
  limit: number,
  threshold: number,
): Promise<FoundFaq[]> {
  const nearest = (column: string) => `(
    SELECT id, question, answer, language, 1 - (${column} <=> CAST(:vector AS vector)) AS similarity FROM faqs
    WHERE status = 'published' AND ${column}_model = :model
    ORDER BY ${column} <=> CAST(:vector AS vector) LIMIT :candidates)`;
  return rows(
    `SELECT id AS faq_id, question, answer, max(similarity) AS similarity
     FROM (${nearest('question_embedding')} UNION ALL ${nearest('answer_embedding')}) AS found
     WHERE similarity >= :threshold
     GROUP BY id, question, answer, language
     ORDER BY language = :language DESC, similarity DESC, id LIMIT :limit`,
    { vector: toSql(vector) as string, model, language, limit, threshold, candidates: limit * 4 },
  );
}

export type FaqToEmbed = { id: number; question: string; answer: string };

/** Owed: FAQs whose vectors are missing, of an older text or of another model. */
export function faqsToEmbed(model: string, limit: number): Promise<{ id: number; text_hash: string }[]> {
  return rows(
    `SELECT id, md5(question || chr(1) || answer) AS text_hash FROM faqs
     WHERE question_text_hash IS DISTINCT FROM md5(question) OR answer_text_hash IS DISTINCT FROM md5(answer)
     UNION
     SELECT id, md5(question || chr(1) || answer) FROM faqs WHERE question_embedding_model <> :model
     ORDER BY id LIMIT :limit`,
    { model, limit },
  );
}

/** Those of the given FAQs that still need vectors. */
export function loadFaqsToEmbed(ids: number[], model: string): Promise<FaqToEmbed[]> {
  return rows(
    `SELECT id, question, answer FROM faqs WHERE id = ANY (:ids)
       AND (question_text_hash IS DISTINCT FROM md5(question) OR answer_text_hash IS DISTINCT FROM md5(answer)
         OR question_embedding_model <> :model)
     ORDER BY id`,
    { ids, model },
  );
}

/** Stores an FAQ's vectors under the hash of the texts they were made of; an edit since then stays owed. */
export async function saveEmbeddings(
  faq: FaqToEmbed,
  question: number[],
  answer: number[],
  model: string,
): Promise<void> {
  await row(
    `UPDATE faqs SET
       question_embedding = CAST(:questionVector AS vector), question_embedding_model = :model, question_text_hash = md5(:question),
       answer_embedding = CAST(:answerVector AS vector), answer_embedding_model = :model, answer_text_hash = md5(:answer)
     WHERE id = :id`,
    {
      id: faq.id,
      question: faq.question,
      answer: faq.answer,
      questionVector: toSql(question) as string,
      answerVector: toSql(answer) as string,
      model,
    },
  );
}
