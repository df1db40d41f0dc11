import type { Knex } from 'knex';

/** Counts how often a statement for a run timed out; a run that always times out ends. Rewrites no row. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs ADD COLUMN timeouts integer NOT NULL DEFAULT 0');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs DROP COLUMN timeouts');
}
