import type { Knex } from 'knex';

/**
 * Makes generated columns and triggers work without a search_path, which pg_dump empties. Postgres binds a body
 * between BEGIN ATOMIC and END when it creates the function, and dumps it with full names. The trigger keeps the
 * path of this session. Results stay the same, so no column is rewritten.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION faq_words(language text, question text, keywords text[], answer text)
    RETURNS tsvector LANGUAGE sql IMMUTABLE BEGIN ATOMIC
      SELECT setweight(to_tsvector(faq_config(language), left(question, 1000)), 'A')
        || setweight(to_tsvector(faq_config(language), left(array_to_string(keywords, ' '), 5000)), 'B')
        || setweight(to_tsvector(faq_config(language), left(answer, 20000)), 'C');
    END;
    ALTER FUNCTION faq_set_changed() SET search_path FROM CURRENT;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION faq_words(language text, question text, keywords text[], answer text)
    RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
      SELECT setweight(to_tsvector(faq_config(language), left(question, 1000)), 'A')
        || setweight(to_tsvector(faq_config(language), left(array_to_string(keywords, ' '), 5000)), 'B')
        || setweight(to_tsvector(faq_config(language), left(answer, 20000)), 'C')
    $$;
    ALTER FUNCTION faq_set_changed() RESET search_path;
  `);
}
