import type { Knex } from 'knex';

/**
 * Indexes the words of titles and messages, for `GET /conversations?q=`. 'simple' suits any language, as
 * conversations may be in any. The texts are cut: Postgres would refuse a row with a tsvector over 1 MB.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX conversations_search ON conversations
      USING gin (to_tsvector('simple', left(coalesce(title, ''), 1000)));
    CREATE INDEX messages_search ON messages USING gin (to_tsvector('simple', left(content, 16000)));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX IF EXISTS conversations_search, messages_search');
}
