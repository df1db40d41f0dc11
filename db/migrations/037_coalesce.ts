import type { Knex } from 'knex';

/**
 * Lets messages join a run that has not called the model yet. `joined_ids` are the messages that joined, in order.
 * `shown_after` gives a reply its place in lists: after the last message that it answers. Keys of messages that joined are in
 * `message_keys`.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE runs ADD COLUMN joined_ids bigint[] NOT NULL DEFAULT '{}';
    ALTER TABLE messages ADD COLUMN shown_after bigint;
  `);
}

/** Joined messages stay as messages of their run. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE messages DROP COLUMN shown_after;
    ALTER TABLE runs DROP COLUMN joined_ids;
  `);
}
