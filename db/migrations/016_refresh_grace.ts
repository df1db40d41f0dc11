import type { Knex } from 'knex';

/**
 * Adds who spent a refresh token, and when its access token was signed. Within REFRESH_GRACE_S the same client
 * gets the same pair again. NULL for tokens that an older release spent: they have no grace.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE refresh_tokens ADD COLUMN spent_by text, ADD COLUMN granted_iat bigint');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE refresh_tokens DROP COLUMN spent_by, DROP COLUMN granted_iat');
}
