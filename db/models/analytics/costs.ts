import { rows } from '../../sql.ts';
import { bound, type Range, RANGES, type Ranges } from './ranges.ts';

/** What was used of one model, in one period of prices. */
export type Used = {
  model: string;
  period: number;
  answers: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
};
const SUMS = `sum(answers)::bigint AS answers, sum(prompt_tokens)::bigint AS prompt_tokens,
  sum(completion_tokens)::bigint AS completion_tokens, sum(total_tokens)::bigint AS total_tokens`;

/** Sums tokens by buckets, models and assistants. @param starts as in `bucketsOf`; periods as in `cellsOf` */
export function usedBy(
  ranges: Ranges,
  starts: Date[],
  periods: Date[],
): Promise<(Used & { bucket: number; assistant_id: number })[]> {
  return rows(
    `WITH ${RANGES}, used AS (
       SELECT c.start, c.assistant_id, c.model, c.answers, c.prompt_tokens, c.completion_tokens, c.total_tokens
       FROM counted CROSS JOIN LATERAL (SELECT * FROM analytics_cells x
         WHERE x.grain = counted.grain AND x.start >= a AND x.start < b OFFSET 0) AS c WHERE c.answers > 0
       UNION ALL
       SELECT fact.start, fact.assistant_id, fact.model, fact.answers, fact.prompt_tokens, fact.completion_tokens, fact.total_tokens
       FROM live CROSS JOIN LATERAL analytics_moments(a, b) AS fact WHERE fact.answers > 0)
     SELECT greatest(width_bucket(start, CAST(:starts AS timestamptz[])), 1) - 1 AS bucket, assistant_id, model,
       CASE WHEN cardinality(CAST(:periods AS timestamptz[])) = 0 THEN 0
         ELSE width_bucket(start, CAST(:periods AS timestamptz[])) END AS period, ${SUMS}
     FROM used GROUP BY 1, 2, 3, 4`,
    { ...bound(ranges), ...times(starts, periods) },
  );
}

/** Sums the tokens of the users who used most, from the rows. @param limit users */
export function usedByUsers(
  window: Range,
  periods: Date[],
  limit: number,
): Promise<(Used & { user_id: number; users: number })[]> {
  return rows(
    `WITH used AS (
       SELECT user_id, coalesce(model, '') AS model,
         CASE WHEN cardinality(CAST(:periods AS timestamptz[])) = 0 THEN 0
           ELSE width_bucket(analytics_quarter(completed_at), CAST(:periods AS timestamptz[])) END AS period,
         1 AS answers, prompt_tokens, completion_tokens, total_tokens
       FROM runs WHERE completed_at IS NOT NULL AND completed_at >= :from AND completed_at < :to AND total_tokens IS NOT NULL),
     most AS (SELECT user_id, sum(total_tokens) AS tokens, count(*) OVER () AS users
       FROM used GROUP BY user_id ORDER BY 2 DESC, 1 LIMIT :limit)
     SELECT used.user_id, used.model, used.period, most.users, ${SUMS} FROM most JOIN used USING (user_id)
     GROUP BY used.user_id, used.model, used.period, most.users, most.tokens ORDER BY most.tokens DESC, 1, 2, 3`,
    { ...window, limit, periods: times([], periods).periods },
  );
}

function times(starts: Date[], periods: Date[]) {
  const iso = (at: Date) => at.toISOString();
  return { starts: starts.map(iso), periods: periods.map(iso) };
}
