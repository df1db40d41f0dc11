import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';
import { type EmbeddingSet, SET_COLUMNS } from './embeddingSet.ts';
import { type Tables, FOR_GOOD, operators } from '../personalData.ts';

export type FoundFaq = {
  id: number;
  question: string;
  answer: string;
  language: string;
  similarity: number;
  /** Share of the text's words, by their rarity, that the FAQ holds. */
  coverage: number;
};
/**
 * The FAQs as they are now: a token that every change replaces, and the vectors that serve; null: there are none to compare
 * with.
 */
export type FaqSet = {
  version: string;
  vectors: EmbeddingSet | null;
  /** Newest row of `faq_terms`; 0: there is none. */
  terms: number;
  /** What off-topic questions reach in these vectors, by language; empty: not measured. */
  thresholds: Record<string, number>;
  /** The share of their words that off-topic questions find in an FAQ, by language; empty: not measured. */
  coverages: Record<string, number>;
  /** Languages of published FAQs. */
  languages: string[];
};
/** A form of the knowledge base that stands for a word of a text. mends: only if no FAQ holds the word itself. */
export type WordForm = { word: string; as: string; weight: number; mends: boolean };
export type FaqQuery = {
  text: string;
  /** The text's vector in the set that serves; none: words alone. */
  vectors: { model: string; vector: number[] }[];
  /** The preferred language of the answer; null: any. */
  language: string | null;
  limit: number;
  /** How many FAQs are ranked by vector, and how many by words; absent: the limit, and twenty at least. */
  candidates?: number;
  /** Only FAQs of these categories; absent: all. */
  categories?: number[];
  /** Other forms of the text's words; absent: none. */
  also?: WordForm[];
  /** Words of the text that count half; absent: none. */
  light?: string[];
  /** Cosine similarity from which an FAQ counts as an answer. */
  similarity: number;
  /** Share of the text's words from which an FAQ counts as an answer too. */
  coverage: number;
};

/**
 * SQL of the set: one row. The least of a column says whether there is a row, by a step in an index: EXISTS would look
 * through the table, and meet all drafts and the vectors of other sets first.
 */
export const FAQ_SET = `SELECT coalesce((SELECT version::text FROM faq_set), '') AS version,
       coalesce((SELECT max(seq) FROM faq_terms), 0) AS terms,
       (SELECT coalesce(jsonb_object_agg(language, threshold), '{}') FROM embedding_thresholds
          WHERE model = serving_embedding_set()) AS thresholds,
       (SELECT coalesce(jsonb_object_agg(language, coverage) FILTER (WHERE coverage IS NOT NULL), '{}') FROM embedding_thresholds
          WHERE model = serving_embedding_set()) AS coverages,
       ARRAY(
         WITH RECURSIVE found AS (
           SELECT min(language) AS name FROM faqs WHERE status = 'published'
           UNION ALL
           SELECT (SELECT min(language) FROM faqs WHERE status = 'published' AND language > f.name)
           FROM found f WHERE f.name IS NOT NULL)
         SELECT name FROM found WHERE name IS NOT NULL) AS languages,
       (SELECT jsonb_build_object(${SET_COLUMNS.map((column) => `'${column}', m.${column}`).join()})
          FROM (SELECT * FROM embedding_models WHERE ready_at IS NOT NULL ORDER BY ready_at DESC LIMIT 1) AS m
          WHERE (SELECT min(language) FROM faqs WHERE status = 'published') IS NOT NULL
          AND (m.in_columns OR (SELECT min(v.faq_id) FROM faq_vectors v WHERE v.model = m.key) IS NOT NULL)) AS vectors`;

/** Returns the present FAQs. Every search reads them first, so each part is a few steps in an index. */
export async function faqSet(): Promise<FaqSet> {
  const set = await row<FaqSet>(FAQ_SET);
  if (set === undefined) throw new Error('no set');
  return set;
}

/** Returns published FAQs that may answer a text, best first; see search_faqs in db/functions/faqs.sql. */
export function searchFaqs({
  text,
  vectors,
  language,
  limit,
  candidates,
  categories,
  also = [],
  light = [],
  similarity,
  coverage,
}: FaqQuery): Promise<FoundFaq[]> {
  return rows(
    `SELECT * FROM search_faqs(:text, CAST(:models AS text[]), CAST(:vectors AS vector[]), :language, :limit,
       :similarity, :coverage, CAST(:categories AS bigint[]), CAST(:also AS jsonb), CAST(:candidates AS integer))`,
    {
      text,
      models: vectors.map(({ model }) => model),
      vectors: vectors.map(({ vector }) => toSql(vector) as string),
      language,
      limit,
      similarity,
      coverage,
      categories: categories ?? null,
      also: otherForms({ also, light }),
      candidates: candidates ?? null,
    },
  );
}

/** Returns the parameter p_also of search_faqs. */
export function otherForms({ also = [], light = [] }: Pick<FaqQuery, 'also' | 'light'>): string {
  return JSON.stringify([...also, ...light.map((word) => ({ word, light: true }))]);
}

/** OFFSET 0 has the planner look for each FAQ by its key: joined, all FAQs are read for the few that changed. */
const PUBLISHED =
  "(SELECT FROM faqs f WHERE f.id = t.faq_id AND f.status = 'published' OFFSET 0) AS published";

/**
 * Returns words of published FAQs as they are written, those of questions and keywords first. Words of answers are left out
 * among more than 5,000 FAQs, where they are too many.
 * @param after rows of `faq_terms` up to this one are left out
 */
export async function wordsSince(after: number, limit: number): Promise<string[]> {
  const found = await rows<{ word: string }>(
    `SELECT word FROM (
       SELECT unnest(t.asked) AS word, true AS asked FROM faq_terms t CROSS JOIN LATERAL ${PUBLISHED} WHERE t.seq > :after
       UNION ALL
       SELECT unnest(t.answered), false FROM faq_terms t CROSS JOIN LATERAL ${PUBLISHED}
       WHERE t.seq > :after AND NOT faqs_exceed(5000)) AS words
     GROUP BY word ORDER BY bool_or(asked) DESC, word LIMIT :limit`,
    { after, limit },
  );
  return found.map(({ word }) => word);
}

export const tables: Tables = {
  faq_terms: {
    purpose: 'search',
    kept: 'as long as the FAQ',
    bound: operators('for each FAQ'),
    erased: 'none',
    columns: { technical: 'faq_id seq asked answered grams folded' },
  },
  faq_set: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('one'),
    erased: 'none',
    columns: { technical: 'only_one version' },
  },
};
