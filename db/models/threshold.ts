import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';
import { type EmbeddingSet, SET_COLUMNS } from './embeddingSet.ts';
import { type FaqQuery, otherForms } from './faqSearch.ts';
import { type Tables, FOR_GOOD, operators } from '../personalData.ts';

/** What a question reaches at best among the FAQs: cosine similarity, and share of its words. */
export type Reached = { similarity: number; coverage: number };
/** What probe questions of a language reach in a set of vectors. */
export type Threshold = {
  language: string;
  threshold: number;
  coverage: number | null;
  probes: number;
  computed_at: Date;
};
export type Probe = { language: string; text: string };
export type Measured = Reached & { language: string; probes: number };
/** A set as it was read: its query prefix may have changed since. */
export type AsRead = Pick<EmbeddingSet, 'key' | 'query_prefix'>;

/** SQL: the set still has the prefix that its probes were embedded with. Whoever changes the prefix waits for the transaction. */
const UNCHANGED = `EXISTS (SELECT FROM embedding_models WHERE key = :key AND query_prefix = :prefix FOR SHARE)`;

/**
 * Owed: the served set, if its thresholds are of another knowledge base or of other probes.
 * @param faqs least number of published FAQs
 * @param probes number of all probes
 */
export async function setToCalibrate(faqs: number, probes: number): Promise<EmbeddingSet | undefined> {
  return row(
    `SELECT ${SET_COLUMNS.map((column) => `m.${column}`).join()} FROM embedding_models m
     WHERE m.key = embedding_set_to_measure(:faqs, :probes)`,
    { faqs, probes },
  );
}

/**
 * Compares vectors of probes with those that a set keeps. @returns the least cosine similarity of two vectors of one probe;
 * undefined where the set keeps none of this dimension, or has another query prefix now
 */
export async function likeness(
  { key, query_prefix: prefix }: AsRead,
  probes: Probe[],
  vectors: number[][],
): Promise<number | undefined> {
  const found = await row<{ least: number | null }>(
    `SELECT min(1 - (e.vector <=> p.vector)) AS least
     FROM unnest(CAST(:languages AS text[]), CAST(:texts AS text[]), CAST(:vectors AS vector[])) AS p (language, text, vector)
     JOIN embedding_probes e ON e.model = :key AND e.language = p.language AND e.text_hash = md5(p.text)
     WHERE vector_dims(e.vector) = vector_dims(p.vector) AND ${UNCHANGED}`,
    { key, prefix, ...columnsOf(probes), vectors: vectors.map((vector) => toSql(vector) as string) },
  );
  return found?.least ?? undefined;
}

/** Returns the probes without a vector in a set. */
export function missingProbes(key: string, probes: Probe[]): Promise<Probe[]> {
  return rows(
    `SELECT language, text FROM unnest(CAST(:languages AS text[]), CAST(:texts AS text[])) AS p (language, text)
     WHERE NOT EXISTS (SELECT FROM embedding_probes e
       WHERE e.model = :key AND e.language = p.language AND e.text_hash = md5(p.text))`,
    { key, ...columnsOf(probes) },
  );
}

/** Stores vectors of probes, unless the set's query prefix has changed. Removes those that only an earlier release uses. */
export async function saveProbes(
  { key, query_prefix: prefix }: AsRead,
  all: Probe[],
  made: Probe[],
  vectors: number[][],
): Promise<void> {
  await row(
    `INSERT INTO embedding_probes (model, language, text_hash, vector)
     SELECT :key, language, md5(text), vector
     FROM unnest(CAST(:languages AS text[]), CAST(:texts AS text[]), CAST(:vectors AS vector[])) AS p (language, text, vector)
     WHERE ${UNCHANGED}
     ON CONFLICT DO NOTHING`,
    { key, prefix, ...columnsOf(made), vectors: vectors.map((vector) => toSql(vector) as string) },
  );
  await row(
    `DELETE FROM embedding_probes e WHERE e.model = :key AND NOT EXISTS (
       SELECT FROM unnest(CAST(:languages AS text[]), CAST(:texts AS text[])) AS p (language, text)
       WHERE p.language = e.language AND md5(p.text) = e.text_hash)`,
    { key, ...columnsOf(all) },
  );
}

/** Returns the highest similarity and coverage that a probe reaches among the FAQs; undefined where it has no vector. */
export async function reachedBy(
  key: string,
  { language, text }: Probe,
  asked: Pick<FaqQuery, 'text' | 'also' | 'light'>,
): Promise<Reached | undefined> {
  const found = await row<{ similarity: number | null; coverage: number | null }>(
    `SELECT max(found.similarity) AS similarity, max(found.coverage) AS coverage FROM embedding_probes p
     CROSS JOIN LATERAL search_faqs(:words, ARRAY[p.model], ARRAY[p.vector], p.language, 20, -1, 0, NULL, CAST(:also AS jsonb)) AS found
     WHERE p.model = :key AND p.language = :language AND p.text_hash = md5(:text)`,
    { key, language, text, words: asked.text, also: otherForms(asked) },
  );
  if (found === undefined || found.similarity === null) return undefined;
  return { similarity: found.similarity, coverage: found.coverage ?? 0 };
}

/**
 * Stores what probes reached in place of what was stored, unless the set's query prefix has changed or nothing was reached.
 * @param version of the FAQs that were measured
 */
export async function saveThresholds(
  { key, query_prefix: prefix }: AsRead,
  version: string,
  found: Measured[],
): Promise<void> {
  await row(
    `WITH found AS (
       SELECT * FROM jsonb_to_recordset(CAST(:found AS jsonb))
         AS m (language text, similarity float8, coverage float8, probes integer)
       WHERE ${UNCHANGED}),
     gone AS (
       DELETE FROM embedding_thresholds WHERE model = :key
         AND EXISTS (SELECT FROM found) AND language NOT IN (SELECT language FROM found))
     INSERT INTO embedding_thresholds AS t (model, language, threshold, coverage, probes, faq_version)
     SELECT :key, language, similarity, coverage, probes, :version FROM found
     ON CONFLICT (model, language) DO UPDATE SET threshold = excluded.threshold, coverage = excluded.coverage,
       probes = excluded.probes, faq_version = excluded.faq_version, computed_at = clock_timestamp()`,
    { key, prefix, version, found: JSON.stringify(found) },
  );
}

/** Returns the thresholds of a model's served set. */
export function thresholdsOf(name: string): Promise<Threshold[]> {
  return rows(
    `SELECT t.language, t.threshold, t.coverage, t.probes, t.computed_at FROM embedding_thresholds t
     JOIN embedding_models m ON m.key = t.model WHERE m.name = :name AND m.key = serving_embedding_set() ORDER BY t.language`,
    { name },
  );
}

function columnsOf(probes: Probe[]): { languages: string[]; texts: string[] } {
  return { languages: probes.map(({ language }) => language), texts: probes.map(({ text }) => text) };
}

export const tables: Tables = {
  embedding_thresholds: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('for each model and language'),
    erased: 'none',
    columns: { technical: 'model language threshold coverage probes faq_version computed_at' },
  },
  embedding_probes: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('for each model and language'),
    erased: 'none',
    columns: { technical: 'model language text_hash vector' },
  },
};
