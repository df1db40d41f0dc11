import type { Knex } from 'knex';

/** coverage: the share of their words that probe questions find in an FAQ; null: measured by a release that did not count it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE embedding_thresholds ADD COLUMN coverage double precision');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE embedding_thresholds DROP COLUMN IF EXISTS coverage');
}
