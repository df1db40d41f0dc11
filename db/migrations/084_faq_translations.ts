import type { Knex } from 'knex';

/** Which FAQ another one translates: one of them is the original, all others name it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE faqs ADD COLUMN translation_of bigint REFERENCES faqs ON DELETE SET NULL,
      ADD CONSTRAINT faqs_translation_check CHECK (translation_of <> id) NOT VALID;
    CREATE INDEX faqs_by_original ON faqs (translation_of) WHERE translation_of IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE faqs DROP COLUMN translation_of');
}
