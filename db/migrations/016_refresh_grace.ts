import type { Knex } from 'knex';

/**
 * Who spent a refresh token, and when by the clock that signed its access token: within REFRESH_GRACE_S the same client
 * gets the same pair again. NULL for tokens that an older release spent: those have no grace, as they had none there.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE refresh_tokens ADD COLUMN spent_by text, ADD COLUMN granted_iat bigint');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE refresh_tokens DROP COLUMN spent_by, DROP COLUMN granted_iat');
}
