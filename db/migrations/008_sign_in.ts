import type { Knex } from 'knex';

/**
 * Adds the address where a session began and tokens that reset a password, and compares names alike on every
 * server. `lower()` follows the database's locale (a Turkish one makes `ı` of `I`); under "C" it folds A–Z and
 * nothing else, as the API does.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE sessions ADD COLUMN ip text CHECK (length(ip) <= 64);

    DROP INDEX users_email_key, users_username_key;
    CREATE UNIQUE INDEX users_email_key ON users (lower(email COLLATE "C"));
    CREATE UNIQUE INDEX users_username_key ON users (lower(username COLLATE "C"));

    -- One row for each request, also for unknown addresses, so that both cost the same. Therefore it has no
    -- foreign key. Rows are deleted soon after they expire.
    CREATE TABLE password_resets (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint,
      token_hash text NOT NULL UNIQUE,
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    );
    CREATE INDEX password_resets_by_user ON password_resets (user_id, id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE password_resets;
    DROP INDEX users_email_key, users_username_key;
    CREATE UNIQUE INDEX users_email_key ON users (lower(email));
    CREATE UNIQUE INDEX users_username_key ON users (lower(username));
    ALTER TABLE sessions DROP COLUMN ip;
  `);
}
