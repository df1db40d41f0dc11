import type { Knex } from 'knex';

/**
 * Adds groups of questions that the knowledge base did not answer well. The texts stay in messages: a text erased
 * there is gone here too.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE faq_suggestions (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'drafted', 'dismissed')),
      language text NOT NULL,
      embedding vector(1536) NOT NULL,
      embedding_model text NOT NULL,
      faq_id bigint REFERENCES faqs ON DELETE SET NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX faq_suggestions_hnsw ON faq_suggestions USING hnsw (embedding vector_cosine_ops);
    CREATE INDEX faq_suggestions_faq ON faq_suggestions (faq_id);

    CREATE TABLE faq_gaps (
      message_id bigint PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
      reason text NOT NULL CHECK (reason IN ('no_passage', 'rated_down')),
      suggestion_id bigint REFERENCES faq_suggestions ON DELETE SET NULL,
      embedding vector(1536),
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX faq_gaps_by_suggestion ON faq_gaps (suggestion_id);
    CREATE INDEX faq_gaps_to_group ON faq_gaps (message_id) WHERE suggestion_id IS NULL;

    -- The time up to which runs and ratings were searched.
    CREATE TABLE faq_gap_scan (
      only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
      scanned_to timestamptz NOT NULL DEFAULT now() - interval '7 days'
    );
    CREATE INDEX runs_without_passages ON runs (completed_at)
      WHERE status = 'completed' AND context -> 'passages' = '[]';
    CREATE INDEX message_feedback_down ON message_feedback (updated_at) WHERE rating = 'down';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX runs_without_passages, message_feedback_down;
    DROP TABLE faq_gap_scan, faq_gaps, faq_suggestions;
  `);
}
