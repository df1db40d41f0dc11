import pg from 'pg';
import { env } from '../../shared/base/env.ts';
import { rows } from '../sql.ts';

export type IndexWork = { dimensions: number; work: 'build' | 'drop' };

/**
 * Owed: vector indexes to build or drop. Each dimension of a served set, or of a complete set about to be served, needs one
 * index; all others are dropped. Returns nothing while an index is being built.
 */
export function vectorIndexesOwed(): Promise<IndexWork[]> {
  return rows(
    `WITH wanted AS (
       SELECT DISTINCT m.dimensions FROM embedding_models m
       WHERE faq_vectors_want_index() AND m.dimensions IS NOT NULL AND m.filled_to IS NULL
         AND (m.key = serving_embedding_set()
           OR NOT EXISTS (SELECT FROM faq_vectors_owed o WHERE o.model = m.key AND o.failures < 2)))
     SELECT dimensions, 'build' AS work FROM wanted WHERE NOT faq_vectors_indexed(dimensions) AND ${idle}
     UNION ALL
     SELECT CAST(substr(c.relname, 18) AS integer), 'drop' FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
     WHERE i.indrelid = 'faq_vectors'::regclass AND c.relname ~ '^faq_vectors_hnsw_\\d+$' AND ${idle}
       AND NOT EXISTS (SELECT FROM embedding_models m WHERE m.dimensions = CAST(substr(c.relname, 18) AS integer))`,
  );
}

const idle = `NOT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE relid = 'faq_vectors'::regclass)`;

/**
 * Builds or drops an index without blocking reads and writes, on its own connection. Takes minutes among a hundred thousand
 * FAQs. Of two processes that build the same index, one waits for the other and then does nothing.
 */
export async function workOnIndex({ dimensions, work }: IndexWork): Promise<void> {
  const client = new pg.Client({
    connectionString: env.DATABASE_URL,
    application_name: 'parley-index',
    keepAlive: true,
  });
  await client.connect();
  try {
    await client.query('SET statement_timeout = 0');
    await client.query('SET lock_timeout = 0');
    const broken = await client.query(
      `SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid AND ${idle}`,
      [nameOf(dimensions)],
    );
    if (work === 'drop' || broken.rowCount !== 0)
      await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${nameOf(dimensions)}`);
    if (work === 'build') await client.query(definitionOf(dimensions, 'CONCURRENTLY'));
  } finally {
    await client.end();
  }
}

/** Returns the SQL that builds an index. @param how CONCURRENTLY; '' within a transaction */
export function definitionOf(dimensions: number, how: 'CONCURRENTLY' | ''): string {
  const d = Math.trunc(dimensions);
  const [expression, operators] =
    d > MOST_OF_HALFVEC
      ? [`CAST(binary_quantize(vector) AS bit(${d}))`, 'bit_hamming_ops']
      : [`CAST(vector AS halfvec(${d}))`, 'halfvec_cosine_ops'];
  return `CREATE INDEX ${how} IF NOT EXISTS ${nameOf(d)} ON faq_vectors USING hnsw ((${expression}) ${operators}) WHERE dimensions = ${d}`;
}

/** Largest halfvec that pgvector indexes. Longer vectors are indexed by their signs (faq_vectors_walk, db/functions/faqs.sql). */
const MOST_OF_HALFVEC = 4_000;

export function nameOf(dimensions: number): string {
  return `faq_vectors_hnsw_${Math.trunc(dimensions)}`;
}
