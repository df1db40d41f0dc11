import { row, rows } from '../../sql.ts';
import { bound, type Range, RANGES, type Ranges } from './ranges.ts';

const MOMENTS = `messages_in, answers, from_knowledge, unanswered, rated_up, rated_down, handoffs, conversations,
  prompt_tokens, completion_tokens, total_tokens`;
const SUMS = MOMENTS.split(',')
  .map((name) => `coalesce(sum(${name.trim()}), 0)::bigint AS ${name.trim()}`)
  .join(', ');

/**
 * The cells of a window, counted and live alike. OFFSET 0: range by range, by the index. Joined, the planner would read all
 * rollups of the table, quarter hours too, to find those of a few days.
 */
const CELLS = `cells AS (
    SELECT c.start, c.assistant_id, c.language, c.model, c.channel, c.outcome, ${MOMENTS.replaceAll(/\b([a-z_]+)\b/g, 'c.$1')}
    FROM counted CROSS JOIN LATERAL (SELECT * FROM analytics_cells x
      WHERE x.grain = counted.grain AND x.start >= a AND x.start < b OFFSET 0) AS c
    UNION ALL SELECT fact.* FROM live CROSS JOIN LATERAL analytics_moments(a, b) AS fact)`;
const SPREADS = `spreads AS (
    SELECT s.start, s.assistant_id, s.measure, s.key, s.n
    FROM counted CROSS JOIN LATERAL (SELECT * FROM analytics_spread x
      WHERE x.grain = counted.grain AND x.start >= a AND x.start < b OFFSET 0) AS s
    UNION ALL SELECT fact.* FROM live CROSS JOIN LATERAL analytics_spreads(a, b) AS fact)`;
const OF_ASSISTANT = `(CAST(:assistantId AS bigint) IS NULL OR assistant_id = CAST(:assistantId AS bigint))`;

export type Counts = {
  messages_in: number;
  answers: number;
  from_knowledge: number;
  unanswered: number;
  rated_up: number;
  rated_down: number;
  handoffs: number;
  conversations: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
};
export type Cell = Counts & {
  language: string;
  model: string;
  outcome: string;
  assistant_id: number;
  /** Of the given times, how many lie at or before the cell's; the cell belongs to the last of them. */
  period: number;
};

/**
 * Counts the facts of a window.
 * @param periods times in order, such as those at which prices change: cells of different periods stay apart
 */
export function cellsOf(ranges: Ranges, periods: Date[], assistantId: number | null = null): Promise<Cell[]> {
  return rows(
    `WITH ${RANGES}, ${CELLS}
     SELECT language, model, outcome, assistant_id,
       CASE WHEN cardinality(CAST(:periods AS timestamptz[])) = 0 THEN 0
         ELSE width_bucket(start, CAST(:periods AS timestamptz[])) END AS period, ${SUMS}
     FROM cells WHERE ${OF_ASSISTANT} GROUP BY 1, 2, 3, 4, 5`,
    { ...bound(ranges), periods: periods.map((at) => at.toISOString()), assistantId },
  );
}

export type Step = { measure: string; key: number; n: number };

/** The scales of speed, and the number of new accounts. */
export function stepsOf(ranges: Ranges, assistantId: number | null = null): Promise<Step[]> {
  return rows(
    `WITH ${RANGES}, ${SPREADS}
     SELECT measure, key, sum(n)::bigint AS n FROM spreads
     WHERE measure <> 'faq' AND (measure = 'users_new' OR ${OF_ASSISTANT}) GROUP BY 1, 2 ORDER BY 1, 2`,
    { ...bound(ranges), assistantId },
  );
}

export type FaqUse = { faq_id: number; question: string; uses: number };

/** The FAQs that answers used most; those that exist still. */
export function usesOf(ranges: Ranges, limit: number, assistantId: number | null = null): Promise<FaqUse[]> {
  return rows(
    `WITH ${RANGES}, ${SPREADS}, used AS (
       SELECT key, sum(n)::bigint AS uses FROM spreads WHERE measure = 'faq' AND ${OF_ASSISTANT} GROUP BY key)
     SELECT f.id AS faq_id, f.question, used.uses FROM used JOIN faqs f ON f.id = used.key
     ORDER BY used.uses DESC, f.id LIMIT :limit`,
    { ...bound(ranges), assistantId, limit },
  );
}

/** Counts the answers that used one FAQ. */
export async function usesOfFaq(ranges: Ranges, id: number): Promise<number> {
  const counted = await row<{ uses: number }>(
    `WITH ${RANGES}, ${SPREADS}
     SELECT coalesce(sum(n), 0)::bigint AS uses FROM spreads WHERE measure = 'faq' AND key = CAST(:id AS bigint)`,
    { ...bound(ranges), id },
  );
  return counted?.uses ?? 0;
}

/** Counts the different people who wrote; an erased one counts as somebody. */
export async function peopleOf(ranges: Ranges, assistantId: number | null = null): Promise<number> {
  const counted = await row<{ people: number }>(
    `WITH ${RANGES}
     -- DISTINCT is hashed; count(DISTINCT …) would sort every person of every day.
     SELECT count(*) AS people FROM (SELECT DISTINCT person FROM (
       SELECT p.person, p.assistant_id FROM counted CROSS JOIN LATERAL (SELECT x.person, x.assistant_id FROM analytics_people x
         WHERE x.grain = counted.grain AND x.start >= a AND x.start < b OFFSET 0) AS p
       UNION ALL
       SELECT m.user_id, coalesce(c.assistant_id, 0) FROM live
       -- OFFSET 0: by the index, where the planner would read all messages and all conversations.
       CROSS JOIN LATERAL (SELECT user_id, conversation_id FROM messages
         WHERE message_type = 'user' AND created_at >= a AND created_at < b OFFSET 0) AS m
       CROSS JOIN LATERAL (SELECT assistant_id FROM conversations WHERE id = m.conversation_id OFFSET 0) AS c) AS wrote
     WHERE ${OF_ASSISTANT}) AS people`,
    { ...bound(ranges), assistantId },
  );
  return counted?.people ?? 0;
}

export type Begun = {
  begun: number;
  answered: number;
  handed_off: number;
  resolved_by_bot: number;
  confirmed: number;
  resolved_by_agent: number;
  reopened: number;
  pending: number;
  scored: number;
  score_sum: number;
};
const BEGUN =
  'begun answered handed_off resolved_by_bot confirmed resolved_by_agent reopened pending scored score_sum';
const BEGUN_SUMS = BEGUN.split(' ')
  .map((name) => `coalesce(sum(${name}), 0)::bigint AS ${name}`)
  .join(', ');

/** What became of the conversations that began in a window. @param quietH hours of silence after which one is over */
export async function begunOf(
  ranges: Ranges,
  quietH: number,
  assistantId: number | null = null,
): Promise<Begun> {
  const counted = await row<Begun>(
    `WITH ${RANGES}
     SELECT ${BEGUN_SUMS} FROM (
       SELECT b.assistant_id, ${BEGUN.split(' ')
         .map((name) => `b.${name}`)
         .join(', ')}
       FROM counted CROSS JOIN LATERAL (SELECT * FROM analytics_begun x
         WHERE x.grain = counted.grain AND x.start >= a AND x.start < counted.b OFFSET 0) AS b
       UNION ALL
       SELECT fact.assistant_id, ${BEGUN.split(' ')
         .map((name) => `fact.${name}`)
         .join(', ')}
       FROM analytics_begun_in(ARRAY(SELECT c.id FROM live
           CROSS JOIN LATERAL (SELECT id FROM conversations WHERE created_at >= a AND created_at < b OFFSET 0) AS c),
         make_interval(hours => CAST(:quietH AS integer))) AS fact) AS began
     WHERE ${OF_ASSISTANT}`,
    { ...bound(ranges), quietH, assistantId },
  );
  if (counted === undefined) throw new Error('no sums');
  return counted;
}

export type Bucketed = Counts & { bucket: number; failed: number };

/** Counts the facts of a window by buckets. @param starts where the buckets begin, in order; the first holds all before it */
export function bucketsOf(
  ranges: Ranges,
  starts: Date[],
  assistantId: number | null = null,
): Promise<Bucketed[]> {
  return rows(
    `WITH ${RANGES}, ${CELLS}
     SELECT greatest(width_bucket(start, CAST(:starts AS timestamptz[])), 1) - 1 AS bucket,
       coalesce(sum(answers) FILTER (WHERE outcome = 'failed'), 0)::bigint AS failed, ${SUMS}
     FROM cells WHERE ${OF_ASSISTANT} GROUP BY 1 ORDER BY 1`,
    { ...bound(ranges), starts: starts.map((at) => at.toISOString()), assistantId },
  );
}

/** The scales of speed by buckets; see `bucketsOf`. */
export function bucketStepsOf(
  ranges: Ranges,
  starts: Date[],
  assistantId: number | null = null,
): Promise<(Step & { bucket: number })[]> {
  return rows(
    `WITH ${RANGES}, ${SPREADS}
     SELECT greatest(width_bucket(start, CAST(:starts AS timestamptz[])), 1) - 1 AS bucket, measure, key, sum(n)::bigint AS n
     FROM spreads WHERE measure IN ('first_token_ms', 'answer_ms') AND ${OF_ASSISTANT} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    { ...bound(ranges), starts: starts.map((at) => at.toISOString()), assistantId },
  );
}

export type OfUser = {
  conversations: number;
  messages_in: number;
  answers: number;
  tokens: number;
  rated_up: number;
  rated_down: number;
  first_seen: Date;
  last_seen: Date;
};

/** Counts one user's facts from the rows; undefined where there is no such user. */
export function figuresOfUser(id: number, { from, to }: Range): Promise<OfUser | undefined> {
  return row(
    `SELECT
       (SELECT count(*) FROM conversations WHERE user_id = u.id AND created_at >= :from AND created_at < :to) AS conversations,
       (SELECT count(*) FROM messages WHERE user_id = u.id AND message_type = 'user'
         AND created_at >= :from AND created_at < :to) AS messages_in,
       answered.answers, answered.tokens, rated.rated_up, rated.rated_down, u.created_at AS first_seen,
       greatest(u.created_at, u.last_login, (SELECT max(last_used_at) FROM sessions WHERE user_id = u.id),
         (SELECT max(last_message_at) FROM conversations WHERE user_id = u.id)) AS last_seen
     FROM users u
     CROSS JOIN LATERAL (SELECT count(*) AS answers, coalesce(sum(r.total_tokens), 0)::bigint AS tokens
       FROM conversations c JOIN runs r ON r.conversation_id = c.id
       WHERE c.user_id = u.id AND r.completed_at >= :from AND r.completed_at < :to) AS answered
     CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE f.rating = 'up') AS rated_up,
         count(*) FILTER (WHERE f.rating = 'down') AS rated_down
       FROM conversations c JOIN runs r ON r.conversation_id = c.id JOIN message_feedback f ON f.message_id = r.reply_id
       WHERE c.user_id = u.id AND f.created_at >= :from AND f.created_at < :to) AS rated
     WHERE u.id = :id`,
    { id, from, to },
  );
}
