import type { Knex } from 'knex';

/**
 * Lets messages join a run that has not called the model yet. `joined_ids` are the messages that joined, in order.
 * `shown_after` gives a reply its place in lists: after the last message that it answers. `message_keys` holds the
 * idempotency keys of messages without a run of their own.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE runs ADD COLUMN joined_ids bigint[] NOT NULL DEFAULT '{}';
    ALTER TABLE messages ADD COLUMN shown_after bigint;

    CREATE TABLE message_keys (
      user_id bigint NOT NULL,
      idempotency_key text NOT NULL CHECK (length(idempotency_key) <= 128),
      request_hash text NOT NULL,
      message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (user_id, idempotency_key)
    );
    CREATE INDEX message_keys_by_message ON message_keys (message_id);
    CREATE INDEX message_keys_over ON message_keys (created_at);
  `);
}

/** Joined messages stay as messages of their run. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE message_keys;
    ALTER TABLE messages DROP COLUMN shown_after;
    ALTER TABLE runs DROP COLUMN joined_ids;
  `);
}
