import type { Knex } from 'knex';

/** How often a statement for a run ran into its time limit: a run for which one always does ends. Rewrites no row. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs ADD COLUMN timeouts integer NOT NULL DEFAULT 0');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs DROP COLUMN timeouts');
}
