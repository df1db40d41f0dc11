import type { Knex } from 'knex';

/**
 * Vectors of suggestions may have any dimension. The type changes without a rewrite of the table; the index has to go, since it
 * wants a fixed one. Suggestions are some thousands: comparing all of them is quick.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX IF EXISTS faq_suggestions_hnsw;
    ALTER TABLE faq_suggestions ALTER COLUMN embedding TYPE vector;
    ALTER TABLE faq_gaps ALTER COLUMN embedding TYPE vector;
    CREATE INDEX faq_suggestions_model ON faq_suggestions (embedding_model);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX faq_suggestions_model;
    UPDATE faq_gaps SET suggestion_id = NULL, embedding = NULL WHERE vector_dims(embedding) <> 1536;
    DELETE FROM faq_suggestions WHERE vector_dims(embedding) <> 1536;
    ALTER TABLE faq_gaps ALTER COLUMN embedding TYPE vector(1536);
    ALTER TABLE faq_suggestions ALTER COLUMN embedding TYPE vector(1536);
    CREATE INDEX faq_suggestions_hnsw ON faq_suggestions USING hnsw (embedding vector_cosine_ops);
  `);
}
