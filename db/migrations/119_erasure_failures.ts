import type { Knex } from 'knex';

/** Erasures that failed: each waits longer after each try, so that it holds up no other. Goes with its account. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`CREATE TABLE erasure_failures (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    tries integer NOT NULL DEFAULT 1,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    not_before timestamptz NOT NULL
  )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE erasure_failures');
}
