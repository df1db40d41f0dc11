import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';

export type FoundFaq = { id: number; question: string; answer: string; language: string; similarity: number };
/** The state of all FAQs: a token that each change replaces, and the models that made their vectors. */
export type FaqSet = { version: string; models: string[] };
export type FaqQuery = {
  text: string;
  /** The text's vectors, by those of the set's models that answered; none: search by words alone. */
  vectors: { model: string; vector: number[] }[];
  /** The preferred language of the answer; null: any. */
  language: string | null;
  limit: number;
  /** Cosine similarity from which an FAQ counts as an answer. */
  similarity: number;
  /** Share of the text's words from which an FAQ counts as an answer too. */
  coverage: number;
};

/** Reads the set's state. Every search calls it first, so it is cheap: one row, and one index step for each model. */
export async function faqSet(): Promise<FaqSet> {
  const set = await row<FaqSet>(
    `WITH RECURSIVE models AS (
       SELECT least(min(question_embedding_model), min(answer_embedding_model)) AS name FROM faqs
       UNION ALL
       SELECT least((SELECT min(question_embedding_model) FROM faqs WHERE question_embedding_model > name),
         (SELECT min(answer_embedding_model) FROM faqs WHERE answer_embedding_model > name))
       FROM models WHERE name IS NOT NULL)
     SELECT coalesce((SELECT version::text FROM faq_set), '') AS version,
       ARRAY(SELECT name FROM models WHERE name IS NOT NULL) AS models`,
  );
  if (set === null) throw new Error('no set');
  return set;
}

/** Returns published FAQs that may answer a text, best first; see search_faqs in db/functions/faqs.sql. */
export function searchFaqs({
  text,
  vectors,
  language,
  limit,
  similarity,
  coverage,
}: FaqQuery): Promise<FoundFaq[]> {
  return rows(
    `SELECT * FROM search_faqs(:text, CAST(:models AS text[]), CAST(:vectors AS vector[]), :language, :limit,
       :similarity, :coverage)`,
    {
      text,
      models: vectors.map(({ model }) => model),
      vectors: vectors.map(({ vector }) => toSql(vector) as string),
      language,
      limit,
      similarity,
      coverage,
    },
  );
}
