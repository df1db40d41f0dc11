import type { Knex } from 'knex';

/**
 * Lets a question be answered again, and users rate replies. A question may then have several runs, and each
 * reply after the first is an alternative. `replaces_id` is the reply to be replaced. `alternative_of` is the
 * first reply to the question, whose place all alternatives share.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE runs DROP CONSTRAINT runs_message_id_key;
    CREATE INDEX runs_by_message ON runs (message_id);

    ALTER TABLE messages ADD COLUMN replaces_id bigint, ADD COLUMN alternative_of bigint,
      ADD CHECK ((replaces_id IS NULL) = (alternative_of IS NULL)),
      ADD FOREIGN KEY (replaces_id, conversation_id, user_id)
        REFERENCES messages (id, conversation_id, user_id) ON DELETE CASCADE,
      ADD FOREIGN KEY (alternative_of, conversation_id, user_id)
        REFERENCES messages (id, conversation_id, user_id) ON DELETE CASCADE;
    -- Partial, because alternatives are few.
    CREATE INDEX messages_replacing ON messages (replaces_id) WHERE replaces_id IS NOT NULL;
    CREATE INDEX messages_alternatives ON messages (alternative_of, id) WHERE alternative_of IS NOT NULL;

    CREATE TABLE message_feedback (
      message_id bigint NOT NULL,
      user_id bigint NOT NULL,
      conversation_id bigint NOT NULL,
      rating text NOT NULL CHECK (rating IN ('up', 'down')),
      comment text CHECK (length(comment) <= 1000),
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (message_id, user_id),
      FOREIGN KEY (message_id, conversation_id, user_id)
        REFERENCES messages (id, conversation_id, user_id) ON DELETE CASCADE
    );
  `);
}

/** Deletes alternatives and their runs, which the older schema cannot hold. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE message_feedback;
    DELETE FROM messages WHERE alternative_of IS NOT NULL;
    ALTER TABLE messages DROP COLUMN replaces_id, DROP COLUMN alternative_of;
    DROP INDEX runs_by_message;
    ALTER TABLE runs ADD CONSTRAINT runs_message_id_key UNIQUE (message_id);
  `);
}
