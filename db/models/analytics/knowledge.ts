import { rows } from '../../sql.ts';
import { SPREADS } from './figures.ts';
import { ALL, bound, byWeeks, type Of, type Range, RANGES, type Ranges, WANTED } from './ranges.ts';

const ofChannel = (of: string) => `(CAST(:channel AS text) IS NULL
  OR (SELECT channel FROM conversations c WHERE c.id = ${of}.conversation_id) = CAST(:channel AS text))`;

export type FaqFigures = {
  faq_id: number;
  question: string;
  uses: number;
  rated_up: number;
  rated_down: number;
  helpful: number;
  not_helpful: number;
};

/** Returns the FAQs that answers cited most in a window, with what was said of those answers and of the FAQ itself. */
export function faqFigures(
  ranges: Ranges,
  { from, to }: Range,
  limit: number,
  of = ALL,
): Promise<FaqFigures[]> {
  return rows(
    `${USED}, rated AS (
       SELECT (source ->> 'faq_id')::bigint AS key, count(*) FILTER (WHERE f.rating = 'up') AS up,
         count(*) FILTER (WHERE f.rating = 'down') AS down
       FROM message_feedback f JOIN runs r ON r.reply_id = f.message_id CROSS JOIN LATERAL jsonb_array_elements(r.sources) AS source
       WHERE f.created_at >= :from AND f.created_at < :to AND ${ofChannel('f')} GROUP BY 1)
     SELECT f.id AS faq_id, f.question, coalesce(used.uses, 0) AS uses, coalesce(rated.up, 0) AS rated_up,
       coalesce(rated.down, 0) AS rated_down, f.helpful_count AS helpful, f.not_helpful_count AS not_helpful
     FROM used FULL JOIN rated USING (key) JOIN faqs f ON f.id = key
     ORDER BY uses DESC, f.id LIMIT :limit`,
    { ...bound(byWeeks(ranges)), ...of, from, to, limit },
  );
}

/** Returns published FAQs that no answer cited in a window, oldest first. */
export function unusedFaqs(
  ranges: Ranges,
  limit: number,
  of = ALL,
): Promise<{ faq_id: number; question: string }[]> {
  return rows(
    `${USED} SELECT f.id AS faq_id, f.question FROM faqs f
     WHERE f.status = 'published' AND NOT EXISTS (SELECT FROM used WHERE key = f.id) ORDER BY f.published_at, f.id LIMIT :limit`,
    { ...bound(byWeeks(ranges)), ...of, limit },
  );
}

const USED = `WITH ${RANGES}, ${SPREADS}, used AS (
    SELECT key, sum(n)::bigint AS uses FROM spreads WHERE measure = 'faq' AND (${WANTED}) GROUP BY key)`;

export type GapFigures = {
  suggestion_id: number;
  status: 'open' | 'drafted' | 'dismissed';
  language: string;
  asked: number;
  asked_before: number;
};

/** Groups of questions that the knowledge base did not answer: how often in a window, and in the one before. */
export function gapFigures(
  { from, to }: Range,
  before: Date,
  limit: number,
  { channel }: Of = ALL,
): Promise<GapFigures[]> {
  return rows(
    `SELECT s.id AS suggestion_id, s.status, s.language, counted.asked, counted.asked_before FROM (
       SELECT g.suggestion_id, count(*) FILTER (WHERE m.created_at >= :from) AS asked,
         count(*) FILTER (WHERE m.created_at < :from) AS asked_before
       FROM messages m JOIN faq_gaps g ON g.message_id = m.id
       WHERE m.message_type = 'user' AND m.created_at >= :before AND m.created_at < :to AND g.suggestion_id IS NOT NULL
         AND ${ofChannel('m')}
       GROUP BY 1) AS counted JOIN faq_suggestions s ON s.id = counted.suggestion_id
     ORDER BY counted.asked DESC, s.id LIMIT :limit`,
    { from, to, before, limit, channel },
  );
}
