import type { Knex } from 'knex';

/**
 * What a person who takes a conversation over reads first. `up_to_id` is the last message that the summary covers.
 * `content` is NULL until a model has answered. After a failure the next try waits for `try_after`.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE conversation_summaries (
      conversation_id bigint PRIMARY KEY REFERENCES conversations ON DELETE CASCADE,
      content text CHECK (length(content) <= 8000),
      up_to_id bigint NOT NULL DEFAULT 0,
      model text,
      failures integer NOT NULL DEFAULT 0,
      try_after timestamptz,
      updated_at timestamptz NOT NULL DEFAULT now()
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE conversation_summaries');
}
