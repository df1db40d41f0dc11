import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Indexes parts of words in titles and messages, for `GET /conversations?q=`: the words of `simple` find nothing
 * in texts without spaces. Both functions live here and not in db/functions: a change of one needs its indexes
 * built anew. They call nothing of this schema, so that a dump restores with an empty search_path.
 *
 * Each index is built concurrently. An invalid index of a broken attempt is removed first. The indexes of 002
 * stay: the previous release searches by them. A later release drops them.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [FOLDED, GRAMS]);
  for (const [table, text] of INDEXED) {
    await patiently(knex, [
      `DROP INDEX CONCURRENTLY IF EXISTS ${table}_grams`,
      `CREATE INDEX CONCURRENTLY ${table}_grams ON ${table} USING gin (search_grams(user_id, search_folded(${text})))`,
      // Turns statistics off: ANALYZE would compute the grams of 30,000 rows each time, and the planner's guess
      // serves as well.
      `ALTER INDEX ${table}_grams ALTER COLUMN 1 SET STATISTICS 0`,
    ]);
  }
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX IF EXISTS conversations_grams, messages_grams',
    'DROP FUNCTION IF EXISTS search_grams(bigint, text)',
    'DROP FUNCTION IF EXISTS search_folded(text)',
  ]);
}

const INDEXED = [
  ['conversations', "left(coalesce(title, ''), 1000)"],
  ['messages', 'left(content, 16000)'],
] as const;

/** Punctuation that separates words. The characters of addresses and numbers (. - _ @ / : + #) stay. */
const ASCII_BREAKS = '!"$()*,;<>?[]^`{|}\t\n\v\f\r';
const OTHER_BREAKS = '、。《》〈〉「」『』【】・«»„“”¿¡·—،؛؟।॥።፣';
/**
 * Pairs to replace: letters without a decomposition, dashes, apostrophes; and capitals, because a database with
 * the locale C lowers only ASCII.
 */
const LETTERS =
  "ø o ł l đ d ħ h ð d ı i ς σ ‐ - – - − - ’ ' ‘ ' " +
  'Ø o Ł l Đ d Ħ h Ð d Ə ə ẞ ß Æ æ Œ œ Α α Β β Γ γ Δ δ Ε ε Ζ ζ Η η Θ θ Ι ι Κ κ Λ λ Μ μ Ν ν Ξ ξ Ο ο Π π Ρ ρ Σ σ Τ τ Υ υ Φ φ Χ χ ' +
  'Ψ ψ Ω ω А а Б б В в Г г Д д Е е Ж ж З з И и К к Л л М м Н н О о П п Р р С с Т т У у Ф ф Х х Ц ц Ч ч Ш ш Щ щ Ъ ъ ' +
  'Ы ы Ь ь Э э Ю ю Я я Є є І і Ґ ґ Ђ ђ Ћ ћ Џ џ Ј ј Љ љ Њ њ';
/** Removes accents, Hebrew points, Arabic vowel signs and elongation, and invisible characters. */
const DROPPED =
  '\\u0300-\\u036f\\u0591-\\u05bd\\u05bf-\\u05c7\\u0640\\u064b-\\u065f\\u0670\\u00ad\\u200b-\\u200f\\u2060\\ufeff';

/** Folds a text for comparison: lower case, without accents, words separated by spaces. */
const FOLDED = `
CREATE OR REPLACE FUNCTION search_folded(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length(p_text) = length(p_text)
    THEN translate(lower(p_text), ${replaced(ASCII_BREAKS)})
    ELSE replace(replace(replace(translate(
      lower(normalize(regexp_replace(normalize(p_text, NFKD), '[${DROPPED}]+', '', 'g'), NFKC)),
      ${replaced(ASCII_BREAKS + OTHER_BREAKS, LETTERS)}), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
    END
$$`;

/**
 * Returns the grams of a folded text: of each word every three characters in a row, the last two and the last
 * one. One more entry names the user, so that the index finds one user's rows. It is a loop, because the
 * estimated cost of a query is so high that Postgres would compile it. It cuts pieces of 64 characters, because
 * reaching a character costs as much as there are before it.
 */
const GRAMS = `
CREATE OR REPLACE FUNCTION search_grams(p_user bigint, p_folded text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  grams text[] := ARRAY[' ' || p_user];
  word text;
  piece text;
BEGIN
  FOREACH word IN ARRAY string_to_array(p_folded, ' ') LOOP
    FOR start IN 1..length(word) BY 64 LOOP
      piece := substr(word, start, 66);
      FOR i IN 1..least(64, length(piece)) LOOP
        grams := grams || substr(piece, i, 3);
      END LOOP;
    END LOOP;
  END LOOP;
  RETURN array_to_tsvector(grams);
END $$`;

/** Returns the last two arguments of `translate`: spaces for the breaks, and from `a b c d` b for a and d for c. */
function replaced(breaks: string, pairs = ''): string {
  const letters = pairs === '' ? [] : pairs.split(' ');
  const from = [...breaks, ...letters.filter((_, i) => i % 2 === 0)];
  const to = [...[...breaks].map(() => ' '), ...letters.filter((_, i) => i % 2 === 1)];
  return `${literal(from)}, ${literal(to)}`;
}

/** Writes characters by number: no quotes to escape, and no question mark, which knex would take for a binding. */
function literal(characters: string[]): string {
  return `E'${characters.map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}'`;
}
