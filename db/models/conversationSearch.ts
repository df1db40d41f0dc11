/** A search: alternatives, of which a text must satisfy one. */
export type Asked = { wanted: string[]; unwanted: string[] }[];

const TOKEN = /(-)?(?:"([^"]*)(?:"|$)|([^\s"]+))/gu;
/** Punctuation around a term, which the search ignores: "password?" finds password. */
const AROUND = /^[^\p{L}\p{M}\p{N}\p{So}]+|[^\p{L}\p{M}\p{N}\p{So}]+$/gu;

/**
 * Parses a search: each term is wanted, a leading dash excludes a term, quotes keep words together, `or`
 * separates alternatives. Text without a term gives no alternative.
 */
export function askedIn(q: string): Asked {
  let current: Asked[number] = { wanted: [], unwanted: [] };
  const asked = [current];
  for (const [, dash, phrase, word] of q.matchAll(TOKEN)) {
    if (dash === undefined && word?.toLowerCase() === 'or') {
      current = { wanted: [], unwanted: [] };
      asked.push(current);
      continue;
    }
    const term = (phrase ?? word ?? '').replace(AROUND, '');
    if (term !== '') (dash === undefined ? current.wanted : current.unwanted).push(term);
  }
  return asked.filter(({ wanted, unwanted }) => wanted.length + unwanted.length > 0);
}

/**
 * Limits the conversation `c` of :userId to those whose title or one message satisfies :asked. The index finds the
 * texts with the right grams; the folded text decides. The expressions equal those of the indexes in 018_search_parts.
 * MATERIALIZED: the texts are found once, and not for each conversation anew.
 */
export const matching = `AND c.id IN (
  WITH asked AS (SELECT * FROM search_alternatives(:userId, CAST(:asked AS jsonb))), hit AS MATERIALIZED (
    SELECT t.id FROM asked, conversations t, LATERAL (${spaced("left(coalesce(t.title, ''), 1000)")}) AS f (text)
    WHERE search_grams(t.user_id, search_folded(left(coalesce(t.title, ''), 1000))) @@ query
      AND f.text LIKE ALL (wanted) AND NOT f.text LIKE ANY (unwanted)
    UNION ALL
    SELECT m.conversation_id FROM asked, messages m, LATERAL (${spaced('left(m.content, 16000)')}) AS f (text)
    WHERE search_grams(m.user_id, search_folded(left(m.content, 16000))) @@ query
      AND f.text LIKE ALL (wanted) AND NOT f.text LIKE ANY (unwanted))
  SELECT id FROM hit)`;

/** Folds a text and puts one space between words. OFFSET 0 stops Postgres from folding once for each condition. */
function spaced(text: string): string {
  return `SELECT regexp_replace(search_folded(${text}), ' +', ' ', 'g') OFFSET 0`;
}
