import type { Knex } from 'knex';

/**
 * embedding_probes: the vectors of the shipped probe questions (shared/knowledge/probes.json), which no knowledge base
 * answers. embedding_thresholds: what such questions reach in a set of vectors, by language; faq_version: the knowledge base
 * that was measured.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
CREATE TABLE embedding_probes (
  model text NOT NULL REFERENCES embedding_models ON DELETE CASCADE,
  language text NOT NULL,
  text_hash text NOT NULL,
  vector vector NOT NULL,
  PRIMARY KEY (model, language, text_hash)
);
CREATE TABLE embedding_thresholds (
  model text NOT NULL REFERENCES embedding_models ON DELETE CASCADE,
  language text NOT NULL,
  threshold double precision NOT NULL,
  probes integer NOT NULL,
  faq_version text NOT NULL,
  computed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (model, language)
);`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE IF EXISTS embedding_thresholds, embedding_probes');
}
