import type { Knex } from 'knex';

/** Adds a run's place among its user's runs when it became deliverable; queues serve low ranks first. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs ADD COLUMN rank integer NOT NULL DEFAULT 1 CHECK (rank > 0)');
  await knex.raw(
    "CREATE INDEX runs_active_by_user ON runs (user_id) WHERE status IN ('queued', 'in_progress')",
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX runs_active_by_user');
  await knex.raw('ALTER TABLE runs DROP COLUMN rank');
}
