import { toSql } from 'pgvector';
import { row, rows } from '../sql.ts';
import { type EmbeddingSet, SET_COLUMNS } from './embeddingSet.ts';

/** What probe questions of a language reach in a set of vectors. */
export type Threshold = { language: string; threshold: number; probes: number; computed_at: Date };
export type Probe = { language: string; text: string };

/** Owed: the served set, if its thresholds are of another knowledge base. @param faqs least number of published FAQs */
export async function setToCalibrate(faqs: number): Promise<EmbeddingSet | undefined> {
  return row(
    `SELECT ${SET_COLUMNS.map((column) => `m.${column}`).join()} FROM embedding_models m
     WHERE m.key = embedding_set_to_calibrate(:faqs)`,
    { faqs },
  );
}

/** Returns the probes without a vector in a set. */
export function missingProbes(key: string, probes: Probe[]): Promise<Probe[]> {
  return rows(
    `SELECT language, text FROM unnest(CAST(:languages AS text[]), CAST(:texts AS text[])) AS p (language, text)
     WHERE NOT EXISTS (SELECT FROM embedding_probes e
       WHERE e.model = :key AND e.language = p.language AND e.text_hash = md5(p.text))`,
    { key, ...placesOf(probes) },
  );
}

/** Stores vectors of probes. Those of an earlier release, which are no probes any more, go. */
export async function saveProbes(
  key: string,
  all: Probe[],
  made: Probe[],
  vectors: number[][],
): Promise<void> {
  await row(
    `INSERT INTO embedding_probes (model, language, text_hash, vector)
     SELECT :key, language, md5(text), vector
     FROM unnest(CAST(:languages AS text[]), CAST(:texts AS text[]), CAST(:vectors AS vector[])) AS p (language, text, vector)
     ON CONFLICT DO NOTHING`,
    { key, ...placesOf(made), vectors: vectors.map((vector) => toSql(vector) as string) },
  );
  await row(
    `DELETE FROM embedding_probes e WHERE e.model = :key AND NOT EXISTS (
       SELECT FROM unnest(CAST(:languages AS text[]), CAST(:texts AS text[])) AS p (language, text)
       WHERE p.language = e.language AND md5(p.text) = e.text_hash)`,
    { key, ...placesOf(all) },
  );
}

/** Measures a set by its probes. */
export async function calibrate(key: string): Promise<void> {
  await row('SELECT calibrate_embedding_set(:key)', { key });
}

/** Returns the thresholds of a model's served set. */
export function thresholdsOf(name: string): Promise<Threshold[]> {
  return rows(
    `SELECT t.language, t.threshold, t.probes, t.computed_at FROM embedding_thresholds t
     JOIN embedding_models m ON m.key = t.model WHERE m.name = :name AND m.key = serving_embedding_set() ORDER BY t.language`,
    { name },
  );
}

function placesOf(probes: Probe[]): { languages: string[]; texts: string[] } {
  return { languages: probes.map(({ language }) => language), texts: probes.map(({ text }) => text) };
}
