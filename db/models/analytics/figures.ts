import { row, rows } from '../../sql.ts';
import {
  ALL,
  bound,
  BUCKET,
  byWeeks,
  dayStarts,
  PERIOD,
  type Range,
  RANGES,
  type Ranges,
  rollups,
  startOfDay,
  times,
  WANTED,
} from './ranges.ts';

const MOMENTS = `messages_in, answers, from_knowledge, unanswered, rated_up, rated_down, handoffs, conversations,
  prompt_tokens, completion_tokens, total_tokens`;
const SUMS = MOMENTS.split(',')
  .map((name) => `coalesce(sum(${name.trim()}), 0)::bigint AS ${name.trim()}`)
  .join(', ');

/** The cells of a window, counted and live alike. */
export const CELLS = `cells AS (
    SELECT c.start, c.assistant_id, c.language, c.model, c.channel, c.outcome, ${MOMENTS.replaceAll(/\b([a-z_]+)\b/g, 'c.$1')}
    FROM ${rollups('analytics_cells')} AS c
    UNION ALL SELECT fact.* FROM live CROSS JOIN LATERAL analytics_moments(a, b) AS fact)`;
/** The same of what has a key: steps of speed, uses of FAQs, new accounts. */
export const SPREADS = `spreads AS (
    SELECT s.start, s.assistant_id, s.measure, s.key, s.n, s.channel FROM ${rollups('analytics_spread')} AS s
    UNION ALL SELECT fact.* FROM live CROSS JOIN LATERAL analytics_measures(a, b) AS fact)`;

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
  /** The period that the cell belongs to: how many of the given times are not after it. */
  period: number;
};

/**
 * Counts the facts of a window.
 * @param periods times in order, such as those at which prices change: cells of different periods stay apart
 */
export function cellsOf(ranges: Ranges, periods: Date[], of = ALL): Promise<Cell[]> {
  return rows(
    `WITH ${RANGES}, ${CELLS}
     SELECT language, model, outcome, assistant_id, ${PERIOD} AS period, ${SUMS}
     FROM cells WHERE ${WANTED} GROUP BY 1, 2, 3, 4, 5`,
    { ...bound(ranges), periods: times(periods), ...of },
  );
}

export type Step = { measure: string; key: number; n: number };

export type FaqUse = { faq_id: number; question: string; uses: number };
export type Spread = { steps: Step[]; uses: FaqUse[] };

/** Returns the scales of speed with the number of new accounts, and the FAQs that answers used most and that still exist. */
export async function spreadOf(ranges: Ranges, limit: number, of = ALL): Promise<Spread> {
  const found = await rows<Step & { question: string | null }>(
    `WITH ${RANGES}, ${SPREADS}, summed AS MATERIALIZED (
       SELECT measure, key, sum(n)::bigint AS n FROM spreads WHERE measure = 'users_new' OR (${WANTED}) GROUP BY 1, 2)
     SELECT measure, key, n, NULL AS question FROM summed WHERE measure <> 'faq'
     UNION ALL (SELECT measure, key, n, f.question FROM summed JOIN faqs f ON f.id = key WHERE measure = 'faq'
       ORDER BY n DESC, key LIMIT :limit)`,
    { ...bound(byWeeks(ranges)), ...of, limit },
  );
  return {
    steps: found.filter(({ measure }) => measure !== 'faq').toSorted((a, b) => a.key - b.key),
    uses: found.flatMap(({ key, n, question }) =>
      question === null ? [] : [{ faq_id: key, question, uses: n }],
    ),
  };
}

/** Counts the new accounts. */
export async function newUsersOf(ranges: Ranges): Promise<number> {
  const counted = await row<{ users: number }>(
    `WITH ${RANGES}
     SELECT coalesce((SELECT sum(n) FROM ${rollups('analytics_spread', "x.measure = 'users_new'")} AS s), 0)::bigint
       + (SELECT count(*) FROM live CROSS JOIN LATERAL (SELECT FROM users WHERE created_at >= a AND created_at < b OFFSET 0) AS u)
       AS users`,
    bound(byWeeks(ranges)),
  );
  return counted?.users ?? 0;
}

/** Counts the answers that used one FAQ. */
export async function usesOfFaq(ranges: Ranges, id: number): Promise<number> {
  const counted = await row<{ uses: number }>(
    `WITH ${RANGES}, ${SPREADS}
     SELECT coalesce(sum(n), 0)::bigint AS uses FROM spreads WHERE measure = 'faq' AND key = CAST(:id AS bigint)`,
    { ...bound(byWeeks(ranges)), id },
  );
  return counted?.uses ?? 0;
}

/**
 * Counts the different people who wrote; an erased one counts as somebody. Whole days between the window's ends come from
 * `analytics_returns`, which was counted with the people of each day: those who had not written since the first of the days.
 * People of other quarter hours, and of days that have changed since (`stale`), are looked up one by one among the days'.
 */
export async function peopleOf(ranges: Ranges, of = ALL): Promise<number> {
  const { days, rest, stale } = daysOfPeople(ranges);
  const counted = await row<{ people: number }>(
    `WITH ${RANGES}, here AS MATERIALIZED (
       SELECT DISTINCT person FROM (
         SELECT p.person, p.assistant_id, p.channel FROM ${rollups('analytics_people')} AS p
         UNION ALL
         SELECT m.user_id, coalesce(c.assistant_id, 0), c.channel FROM live
         -- OFFSET 0: by the index, where the planner would read all messages and all conversations.
         CROSS JOIN LATERAL (SELECT user_id, conversation_id FROM messages
           WHERE message_type = 'user' AND created_at >= a AND created_at < b OFFSET 0) AS m
         CROSS JOIN LATERAL (SELECT assistant_id, channel FROM conversations WHERE id = m.conversation_id OFFSET 0) AS c) AS wrote
       WHERE ${WANTED}),
     gone AS MATERIALIZED (
       SELECT DISTINCT person FROM unnest(CAST(:stale AS timestamptz[])) AS day
       CROSS JOIN LATERAL (SELECT * FROM analytics_people x WHERE x.grain = 'd' AND x.start = day OFFSET 0) AS p
       WHERE (${WANTED}) AND NOT EXISTS (SELECT FROM here WHERE here.person = p.person))
     SELECT coalesce((SELECT sum(n) FROM analytics_returns
         WHERE assistant_id = coalesce(CAST(:assistantId AS bigint), -1) AND channel = coalesce(CAST(:channel AS text), '')
           AND start >= CAST(:from AS timestamptz) AND start < CAST(:to AS timestamptz) AND before < CAST(:from AS timestamptz)), 0)::bigint
       -- A scalar subquery is asked once for each person; joined, all days of all people would be read.
       + (SELECT count(*) FROM here WHERE (SELECT ${onDays('here')} LIMIT 1) IS NULL)
       - (SELECT count(*) FROM gone WHERE (SELECT ${onDays('gone')} AND start <> ALL (CAST(:stale AS timestamptz[])) LIMIT 1) IS NULL)
       AS people`,
    { ...bound(rest), ...of, ...days, stale: times(stale) },
  );
  return counted?.people ?? 0;
}

const onDays = (of: string) => `true FROM analytics_people
  WHERE grain = 'd' AND person = ${of}.person AND start >= CAST(:from AS timestamptz) AND start < CAST(:to AS timestamptz)
    AND ${WANTED}`;

/** Splits the ranges of a window: the days from the first whole one to the last, the stale ones among them, and all the rest. */
function daysOfPeople(ranges: Ranges) {
  const { today, quarters } = todayOf(ranges);
  const known = [
    ...ranges.days.map(({ from, to }) => ({
      from,
      to: to < ranges.renewedTo ? to : startOfDay(ranges.renewedTo),
    })),
    ...today,
  ].filter(({ from, to }) => from < to);
  const [first, last] = [known[0], known.at(-1)];
  const stale = known.slice(1).flatMap(({ from }, i) => dayStarts({ from: known[i]!.to, to: from }));
  const later = ranges.days
    .map(({ from, to }) => ({ from: last !== undefined && from < last.to ? last.to : from, to }))
    .filter(({ from, to }) => from < to);
  const never = new Date(0);
  return {
    days: { from: first?.from ?? never, to: last?.to ?? never },
    rest: { ...ranges, quarters, days: later },
    stale,
  };
}

/** Returns the day that is not over where it is all in the window, counted and unchanged; and the other quarter hours. */
function todayOf({ quarters, peopleTo }: Ranges): { today: Range[]; quarters: Range[] } {
  if (peopleTo === null) return { today: [], quarters };
  const from = startOfDay(peopleTo);
  const holds = (range: Range) => range.from <= from && range.to >= peopleTo && from < peopleTo;
  if (!quarters.some(holds)) return { today: [], quarters };
  const rest = quarters.map((range) => (holds(range) ? { ...range, to: from } : range));
  return {
    today: [{ from, to: new Date(from.getTime() + 86_400_000) }],
    quarters: rest.filter((range) => range.from < range.to),
  };
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

/** Returns what became of the conversations that began in a window. @param quietH hours of silence after which one is over */
export async function begunOf(ranges: Ranges, quietH: number, of = ALL): Promise<Begun> {
  const counted = await row<Begun>(
    `WITH ${RANGES}
     SELECT ${BEGUN_SUMS} FROM (
       SELECT b.assistant_id, b.channel, ${BEGUN.split(' ')
         .map((name) => `b.${name}`)
         .join(', ')}
       FROM ${rollups('analytics_begun')} AS b
       UNION ALL
       SELECT fact.assistant_id, fact.channel, ${BEGUN.split(' ')
         .map((name) => `fact.${name}`)
         .join(', ')}
       FROM analytics_begun_in(ARRAY(SELECT c.id FROM live
           CROSS JOIN LATERAL (SELECT id FROM conversations WHERE created_at >= a AND created_at < b OFFSET 0) AS c),
         make_interval(hours => CAST(:quietH AS integer))) AS fact) AS began
     WHERE ${WANTED}`,
    { ...bound(ranges), quietH, ...of },
  );
  if (counted === undefined) throw new Error('no sums');
  return counted;
}

export type Bucketed = Counts & { bucket: number; failed: number };

/** Counts the facts of a window by buckets. @param starts where the buckets begin, in order; the first holds all before it */
export function bucketsOf(ranges: Ranges, starts: Date[], of = ALL): Promise<Bucketed[]> {
  return rows(
    `WITH ${RANGES}, ${CELLS}
     SELECT ${BUCKET} AS bucket,
       coalesce(sum(answers) FILTER (WHERE outcome = 'failed'), 0)::bigint AS failed, ${SUMS}
     FROM cells WHERE ${WANTED} GROUP BY 1 ORDER BY 1`,
    { ...bound(ranges), starts: times(starts), ...of },
  );
}

/** Returns the scales of speed by buckets; see `bucketsOf`. */
export function bucketStepsOf(
  ranges: Ranges,
  starts: Date[],
  of = ALL,
): Promise<(Step & { bucket: number })[]> {
  return rows(
    `WITH ${RANGES}, ${SPREADS}
     SELECT ${BUCKET} AS bucket, measure, key, sum(n)::bigint AS n
     FROM spreads WHERE measure IN ('first_token_ms', 'answer_ms') AND ${WANTED} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    { ...bound(ranges), starts: times(starts), ...of },
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
