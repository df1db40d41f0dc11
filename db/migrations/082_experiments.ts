import type { Knex } from 'knex';

/**
 * Two versions of an assistant side by side. A conversation keeps its arm: `experiment_version` of its row, drawn when its
 * first run begins (db/functions/experiments.sql). Versions are never deleted, so no foreign keys are needed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE experiments (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      assistant_id bigint NOT NULL,
      version_a integer NOT NULL,
      version_b integer NOT NULL,
      -- Of the conversations that begin, how many version_b answers.
      share double precision NOT NULL CHECK (share BETWEEN 0 AND 1),
      -- No conversation joins after it; those in it keep their arm until the experiment ends.
      until timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      kept integer,
      CHECK (version_a <> version_b),
      CHECK (kept IS NULL OR (ended_at IS NOT NULL AND kept IN (version_a, version_b)))
    );
    CREATE UNIQUE INDEX experiments_running ON experiments (assistant_id) WHERE ended_at IS NULL;
    ALTER TABLE conversations ADD COLUMN experiment_id bigint, ADD COLUMN experiment_version integer,
      ADD CONSTRAINT conversations_experiment CHECK ((experiment_id IS NULL) = (experiment_version IS NULL)) NOT VALID;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE conversations DROP COLUMN experiment_id, DROP COLUMN experiment_version;
    DROP TABLE experiments;
  `);
}
