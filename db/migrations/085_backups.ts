import type { Knex } from 'knex';

/**
 * Adds the notes of backups. Metrics and `npm run doctor` read from them how old the newest backup is, and whether it was
 * restored for a trial. The backups themselves are elsewhere.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE backups (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL CHECK (kind IN ('dump', 'base', 'check')),
      -- The name in the store, without its folder.
      name text NOT NULL CHECK (length(name) <= 200),
      bytes bigint NOT NULL,
      finished_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX backups_newest ON backups (kind, finished_at DESC);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE backups');
}
