import type { Knex } from 'knex';

/**
 * Devices are told of each message of their user. `state_changed`: the conversation's state is among the news, beside messages.
 * `news_id` tells a row from a later one of the same conversation: whoever told the first must not remove the second.
 * `closed_at`: when an episode ended because its user deleted or archived the conversation.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE conversation_news
      ADD COLUMN state_changed boolean NOT NULL DEFAULT true,
      ADD COLUMN news_id bigint GENERATED ALWAYS AS IDENTITY;
    ALTER TABLE episodes ADD COLUMN closed_at timestamptz;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE episodes DROP COLUMN closed_at;
    ALTER TABLE conversation_news DROP COLUMN news_id, DROP COLUMN state_changed;
  `);
}
