import type { Knex } from 'knex';

/**
 * Adds second factors: one secret for each account, with its recovery codes. It is pending until `confirmed_at`.
 * `users.second_factor` says whether a confirmed one is on, so that sign-ins and access tokens need no further table.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE users ADD COLUMN second_factor boolean NOT NULL DEFAULT false;

    CREATE TABLE second_factors (
      user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
      -- The secret (shared/base/secretBox.ts).
      sealed text NOT NULL,
      -- Hashes of the recovery codes that are left.
      recovery_hashes text[] NOT NULL,
      -- Steps of time whose code was used, as long as their codes would be taken.
      used_steps bigint[] NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      confirmed_at timestamptz
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE second_factors;
    ALTER TABLE users DROP COLUMN second_factor;
  `);
}
