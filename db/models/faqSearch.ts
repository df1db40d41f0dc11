import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';
import { type EmbeddingSet, SET_COLUMNS } from './embeddingSet.ts';

export type FoundFaq = { id: number; question: string; answer: string; language: string; similarity: number };
/** The FAQs as they are now: a token that every change replaces, and the vectors that serve; null: there are none to compare with. */
export type FaqSet = { version: string; vectors: EmbeddingSet | null };
export type FaqQuery = {
  text: string;
  /** The text's vector in the set that serves; none: words alone. */
  vectors: { model: string; vector: number[] }[];
  /** The preferred language of the answer; null: any. */
  language: string | null;
  limit: number;
  /** Only FAQs of these categories; absent: all. */
  categories?: number[];
  /** Cosine similarity from which an FAQ counts as an answer. */
  similarity: number;
  /** Share of the text's words from which an FAQ counts as an answer too. */
  coverage: number;
};

/** Read before every search, so it has to be cheap: four steps in an index. */
export async function faqSet(): Promise<FaqSet> {
  const set = await row<FaqSet>(
    `SELECT coalesce((SELECT version::text FROM faq_set), '') AS version,
       (SELECT jsonb_build_object(${SET_COLUMNS.map((column) => `'${column}', m.${column}`).join()})
          FROM (SELECT * FROM embedding_models WHERE ready_at IS NOT NULL ORDER BY ready_at DESC LIMIT 1) AS m
          WHERE EXISTS (SELECT FROM faqs WHERE status = 'published')
          AND (m.in_columns OR EXISTS (SELECT FROM faq_vectors v WHERE v.model = m.key))) AS vectors`,
  );
  if (set === undefined) throw new Error('no set');
  return set;
}

/** Returns published FAQs that may answer a text, best first; see search_faqs in db/functions/faqs.sql. */
export function searchFaqs({
  text,
  vectors,
  language,
  limit,
  categories,
  similarity,
  coverage,
}: FaqQuery): Promise<FoundFaq[]> {
  return rows(
    `SELECT * FROM search_faqs(:text, CAST(:models AS text[]), CAST(:vectors AS vector[]), :language, :limit,
       :similarity, :coverage, CAST(:categories AS bigint[]))`,
    {
      text,
      models: vectors.map(({ model }) => model),
      vectors: vectors.map(({ vector }) => toSql(vector) as string),
      language,
      limit,
      similarity,
      coverage,
      categories: categories ?? null,
    },
  );
}
