import type { Knex } from 'knex';

/** Since when a run waits for a provider that asked to come back later; NULL: it does not. Old code leaves it alone. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs ADD COLUMN waiting_since timestamptz');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs DROP COLUMN waiting_since');
}
