import type { Knex } from 'knex';

/**
 * Vector indexes in half precision: half the size, as quick, and they find the same (README, "How well search finds").
 * The columns keep single precision, by which what was found is compared. None on PGlite, where all vectors are compared
 * anyway (faqs_exceed) and a processor's half precision is out of reach: an insert would take 100 ms. One index of ended
 * runs in place of one for those without passages: the job that looks for gaps reads both kinds.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(vectorIndexes).options({ query_timeout: HOURS });
  await knex.raw(`
    DROP INDEX runs_without_passages;
    CREATE INDEX runs_completed ON runs (completed_at) WHERE status = 'completed';
    ALTER TABLE faq_gaps DROP CONSTRAINT faq_gaps_reason_check,
      ADD CONSTRAINT faq_gaps_reason_check CHECK (reason IN ('no_passage', 'not_cited', 'rated_down'));
  `);
}

/** Among a hundred thousand FAQs an index takes minutes. */
const HOURS = 10_800_000;
const vectorIndexes = `
    SET LOCAL statement_timeout = 0;
    DROP INDEX faqs_question_hnsw, faqs_answer_hnsw;
    DO $$ BEGIN
      IF version() NOT LIKE '%PGlite%' THEN
        CREATE INDEX faqs_question_hnsw ON faqs USING hnsw (CAST(question_embedding AS halfvec(1536)) halfvec_cosine_ops);
        CREATE INDEX faqs_answer_hnsw ON faqs USING hnsw (CAST(answer_embedding AS halfvec(1536)) halfvec_cosine_ops);
      END IF;
    END $$;
`;

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM faq_gaps WHERE reason = 'not_cited';
    ALTER TABLE faq_gaps DROP CONSTRAINT faq_gaps_reason_check,
      ADD CONSTRAINT faq_gaps_reason_check CHECK (reason IN ('no_passage', 'rated_down'));
    DROP INDEX runs_completed;
    CREATE INDEX runs_without_passages ON runs (completed_at)
      WHERE status = 'completed' AND context -> 'passages' = '[]';

    DROP INDEX IF EXISTS faqs_question_hnsw, faqs_answer_hnsw;
    CREATE INDEX faqs_question_hnsw ON faqs USING hnsw (question_embedding vector_cosine_ops);
    CREATE INDEX faqs_answer_hnsw ON faqs USING hnsw (answer_embedding vector_cosine_ops);
  `);
}
