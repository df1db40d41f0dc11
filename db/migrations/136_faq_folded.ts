import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Keeps what the list's search compares: question and keywords, folded (018_search_parts). To fold a text with accents takes a
 * third of a millisecond, and a search looks through a thousand. The trigger of 040_faq_terms writes it for the previous
 * release as well. NULL: not filled yet; `faqs_holding` folds the text itself then. Filled in batches, so that no editor waits.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  // Gives up after a while: searches would queue behind this statement, and it behind a long read of the table.
  await knex.raw('ALTER TABLE faq_terms ADD COLUMN IF NOT EXISTS folded text');
  await patiently(knex, [writtenWith(FOLDED), FILL]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP FUNCTION IF EXISTS faqs_holding', writtenWith()]);
  await knex.raw('ALTER TABLE faq_terms DROP COLUMN IF EXISTS folded');
}

const FOLDED = 'search_folded(faq_listed(NEW.question, NEW.keywords))';

/** The trigger's function, as 040_faq_terms has it. */
function writtenWith(folded?: string): string {
  const [column, value, change] =
    folded === undefined ? ['', '', ''] : [', folded', `, ${folded}`, ', folded = excluded.folded'];
  return `
CREATE OR REPLACE FUNCTION faq_terms_written() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO faq_terms AS t (faq_id, asked, answered, grams${column})
  VALUES (NEW.id, faq_terms_words(left(concat_ws(' ', NEW.question, array_to_string(NEW.keywords, ' ')), 3000)),
    faq_terms_words(left(NEW.answer, 4000)), faq_terms_vector(NEW.question, NEW.keywords, NEW.answer)${value})
  ON CONFLICT (faq_id) DO UPDATE SET seq = excluded.seq, asked = excluded.asked, answered = excluded.answered,
    grams = excluded.grams${change};
  RETURN NULL;
END $$`;
}

/** Skips rows that somebody writes: the trigger fills those. */
const FILL = `
DO $$
DECLARE
  upto bigint := 0;
  last CONSTANT bigint := coalesce((SELECT max(faq_id) FROM faq_terms), 0);
BEGIN
  WHILE upto < last LOOP
    UPDATE faq_terms t SET folded = search_folded(faq_listed(f.question, f.keywords)) FROM faqs f
    WHERE f.id = t.faq_id AND t.faq_id IN (SELECT o.faq_id FROM faq_terms o
      WHERE o.faq_id > upto AND o.faq_id <= upto + 500 AND o.folded IS NULL FOR UPDATE SKIP LOCKED);
    upto := upto + 500;
    COMMIT;
  END LOOP;
END $$`;
