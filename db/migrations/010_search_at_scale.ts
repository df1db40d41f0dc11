import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Builds vector indexes in half precision: half the size, as quick, and they find the same (README, "How well search
 * finds"). The columns keep single precision, by which the found rows are compared. PGlite gets none: it compares all
 * vectors anyway (faqs_exceed), and without a processor's half precision an insert would take 100 ms. One index of
 * completed runs replaces the one of runs without passages: the job that looks for gaps reads both kinds.
 *
 * Among a hundred thousand FAQs an index takes minutes, and answers go on meanwhile: each index is built concurrently,
 * outside a transaction. An invalid index of a broken attempt is removed first.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    ...(await vectorIndexes(knex)),
    'DROP INDEX CONCURRENTLY IF EXISTS runs_completed',
    "CREATE INDEX CONCURRENTLY runs_completed ON runs (completed_at) WHERE status = 'completed'",
    'DROP INDEX IF EXISTS faqs_question_hnsw, faqs_answer_hnsw, runs_without_passages',
    `ALTER TABLE faq_gaps DROP CONSTRAINT IF EXISTS faq_gaps_reason_check,
       ADD CONSTRAINT faq_gaps_reason_check CHECK (reason IN ('no_passage', 'not_cited', 'rated_down'))`,
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [
    "DELETE FROM faq_gaps WHERE reason = 'not_cited'",
    `ALTER TABLE faq_gaps DROP CONSTRAINT IF EXISTS faq_gaps_reason_check,
       ADD CONSTRAINT faq_gaps_reason_check CHECK (reason IN ('no_passage', 'rated_down'))`,
    `CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_without_passages ON runs (completed_at)
       WHERE status = 'completed' AND context -> 'passages' = '[]'`,
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS faqs_question_hnsw ON faqs USING hnsw (question_embedding vector_cosine_ops)',
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS faqs_answer_hnsw ON faqs USING hnsw (answer_embedding vector_cosine_ops)',
    'DROP INDEX IF EXISTS runs_completed, faqs_question_halfvec, faqs_answer_halfvec',
  ]);
}

async function vectorIndexes(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { version: string }[] }>('SELECT version() AS version');
  if (rows[0]?.version.includes('PGlite')) return [];
  return ['question', 'answer'].flatMap((part) => [
    `DROP INDEX CONCURRENTLY IF EXISTS faqs_${part}_halfvec`,
    `CREATE INDEX CONCURRENTLY faqs_${part}_halfvec ON faqs
       USING hnsw (CAST(${part}_embedding AS halfvec(1536)) halfvec_cosine_ops)`,
  ]);
}
