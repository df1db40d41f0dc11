import type { Knex } from 'knex';

/**
 * What answers: an assistant, whose every change is a new version. A run keeps the version that answers it. Versions are never
 * changed and assistants never deleted, so the large tables need no foreign keys: each message would lock the same row.
 * NULL on a conversation: it was begun before there was a default. NULL on a run: the engine's own rules alone.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE assistants (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      version integer NOT NULL DEFAULT 1,
      is_default boolean NOT NULL DEFAULT false,
      is_archived boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK (NOT (is_default AND is_archived))
    );
    CREATE UNIQUE INDEX assistants_default ON assistants (is_default) WHERE is_default;
    CREATE TABLE assistant_versions (
      assistant_id bigint NOT NULL REFERENCES assistants,
      version integer NOT NULL,
      definition jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (assistant_id, version)
    );
    ALTER TABLE conversations ADD COLUMN assistant_id bigint;
    ALTER TABLE runs ADD COLUMN assistant_id bigint, ADD COLUMN assistant_version integer,
      ADD CONSTRAINT runs_assistant CHECK ((assistant_id IS NULL) = (assistant_version IS NULL)) NOT VALID;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE runs DROP COLUMN assistant_id, DROP COLUMN assistant_version;
    ALTER TABLE conversations DROP COLUMN assistant_id;
    DROP TABLE assistant_versions, assistants;
  `);
}
