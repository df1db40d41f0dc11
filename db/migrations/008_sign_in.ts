import type { Knex } from 'knex';

/**
 * Sign-in as the internet wants it: where a session was begun, tokens that reset a password, and names that are
 * compared alike on every server. `lower()` follows the database's locale (a Turkish one makes `ı` of `I`); under "C" it
 * folds A–Z and nothing else, as api/auth does.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE sessions ADD COLUMN ip text CHECK (length(ip) <= 64);

    DROP INDEX users_email_key, users_username_key;
    CREATE UNIQUE INDEX users_email_key ON users (lower(email COLLATE "C"));
    CREATE UNIQUE INDEX users_username_key ON users (lower(username COLLATE "C"));

    -- One row for each request, also for addresses that nobody has: both must cost the same. That is also why there is no
    -- foreign key; rows are removed soon after they have expired.
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
