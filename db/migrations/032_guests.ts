import type { Knex } from 'knex';

/**
 * Accounts without credentials: guests, and people whom a site vouches for under an id of its own. An older release goes
 * on beside it: it finds accounts by e-mail or username, and these have none. The new checks hold for new rows at once;
 * 033 holds the old ones against them.
 *
 * `contact_email` is what the site's page said. Nobody verified it, so it is not unique and signs nobody in.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE users
      ADD COLUMN external_id text,
      ADD COLUMN contact_email text,
      ALTER COLUMN email DROP NOT NULL,
      ALTER COLUMN username DROP NOT NULL,
      ALTER COLUMN hashed_password DROP NOT NULL,
      DROP CONSTRAINT users_role_check,
      ADD CONSTRAINT users_role_check CHECK (role IN ('guest', 'user', 'agent', 'admin')) NOT VALID,
      ADD CONSTRAINT users_external_id_check CHECK (length(external_id) BETWEEN 1 AND 255) NOT VALID,
      ADD CONSTRAINT users_contact_email_check CHECK (length(contact_email) <= 254) NOT VALID,
      ADD CONSTRAINT users_credentials_check CHECK (CASE
        WHEN status = 'deleted' THEN true
        WHEN role = 'guest' THEN num_nonnulls(email, username, hashed_password, external_id, contact_email) = 0
        WHEN external_id IS NOT NULL THEN role = 'user'
        ELSE num_nonnulls(email, username, hashed_password) = 3 END) NOT VALID
  `);
}

/** Erases guests and vouched accounts, with all that is theirs: the older schema has no place for them. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM users WHERE role = 'guest' OR email IS NULL OR username IS NULL OR hashed_password IS NULL;
    ALTER TABLE users
      DROP CONSTRAINT users_credentials_check,
      DROP CONSTRAINT users_role_check,
      ADD CONSTRAINT users_role_check CHECK (role IN ('user', 'agent', 'admin')),
      ALTER COLUMN email SET NOT NULL,
      ALTER COLUMN username SET NOT NULL,
      ALTER COLUMN hashed_password SET NOT NULL,
      DROP COLUMN external_id,
      DROP COLUMN contact_email
  `);
}
