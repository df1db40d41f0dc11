import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Indexes parts of words in questions and keywords, for `GET /faqs?q=`: a scan of all FAQs takes longer than somebody's typing.
 * The grams are those of 018_search_parts, of no user. The function is here because a change of it needs the index built anew;
 * it names its schema's functions as 018 does, so that a dump restores with an empty search_path.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    LISTED,
    'DROP INDEX CONCURRENTLY IF EXISTS faqs_grams',
    'CREATE INDEX CONCURRENTLY faqs_grams ON faqs USING gin (search_grams(0, search_folded(faq_listed(question, keywords))))',
    // As in 018: the planner's guess serves as well.
    'ALTER INDEX faqs_grams ALTER COLUMN 1 SET STATISTICS 0',
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP FUNCTION IF EXISTS faqs_holding',
    'DROP INDEX IF EXISTS faqs_grams',
    'DROP FUNCTION IF EXISTS faq_listed(text, text[])',
  ]);
}

/** What a search of the list looks into. `array_to_string` is stable for types whose text depends on settings; text does not. */
const LISTED = `
CREATE OR REPLACE FUNCTION faq_listed(p_question text, p_keywords text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN left(p_question || ' ' || array_to_string(p_keywords, ' '), 2000);
END $$`;
