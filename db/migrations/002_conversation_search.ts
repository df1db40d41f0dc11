import type { Knex } from 'knex';

/**
 * Words of titles and messages, for `GET /conversations?q=`. 'simple' knows no language, as conversations come in
 * all of them. The texts are capped because a tsvector over 1 MB would refuse the row itself.
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
