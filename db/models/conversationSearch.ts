/** What a search asks for: alternatives, of which a text must satisfy one. */
export type Asked = { wanted: string[]; unwanted: string[] }[];

const TOKEN = /(-)?(?:"([^"]*)(?:"|$)|([^\s"]+))/gu;
/** What stands around a term is not searched: "password?" asks for password. */
const AROUND = /^[^\p{L}\p{M}\p{N}\p{So}]+|[^\p{L}\p{M}\p{N}\p{So}]+$/gu;

/**
 * Reads a search as one types it: every term is wanted, a dash before it excludes it, quotes hold words together,
 * `or` separates alternatives. Text without a term asks for nothing, and gives no alternative.
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
 * A condition on the conversation `c` of :userId: its title or one message satisfies :asked. The index gives what has
 * the grams, the folded text decides. The expressions are those of the indexes in 018_search_parts.
 */
export const matching = `AND c.id IN (
  WITH asked AS (SELECT * FROM search_alternatives(:userId, CAST(:asked AS jsonb)))
  SELECT t.id FROM asked, conversations t, LATERAL (${spaced("left(coalesce(t.title, ''), 1000)")}) AS f (text)
  WHERE search_grams(t.user_id, search_folded(left(coalesce(t.title, ''), 1000))) @@ query
    AND f.text LIKE ALL (wanted) AND NOT f.text LIKE ANY (unwanted)
  UNION ALL
  SELECT m.conversation_id FROM asked, messages m, LATERAL (${spaced('left(m.content, 16000)')}) AS f (text)
  WHERE search_grams(m.user_id, search_folded(left(m.content, 16000))) @@ query
    AND f.text LIKE ALL (wanted) AND NOT f.text LIKE ANY (unwanted))`;

/** Folded, with one space between words. OFFSET keeps Postgres from folding once for each condition. */
function spaced(text: string): string {
  return `SELECT regexp_replace(search_folded(${text}), ' +', ' ', 'g') OFFSET 0`;
}
