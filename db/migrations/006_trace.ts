import type { Knex } from 'knex';

/** Adds the trace that a run belongs to (W3C `traceparent`), filled only where traces are on. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs ADD COLUMN traceparent text CHECK (length(traceparent) <= 100)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs DROP COLUMN traceparent');
}
