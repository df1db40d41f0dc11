import { rows } from '../../sql.ts';
import { CELLS } from './figures.ts';
import { ALL, bound, BUCKET, PERIOD, type Range, RANGES, type Ranges, times, WANTED } from './ranges.ts';

/** What answers used of one model, in one period of prices. */
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
  of = ALL,
): Promise<(Used & { bucket: number; assistant_id: number })[]> {
  return rows(
    `WITH ${RANGES}, ${CELLS}
     SELECT ${BUCKET} AS bucket, assistant_id, model, ${PERIOD} AS period, ${SUMS}
     FROM cells WHERE answers > 0 AND (${WANTED}) GROUP BY 1, 2, 3, 4`,
    { ...bound(ranges), ...of, starts: times(starts), periods: times(periods) },
  );
}

/** Sums the tokens of the users who used most, from the rows. @param limit how many users */
export function usedByUsers(
  window: Range,
  periods: Date[],
  limit: number,
  { channel } = ALL,
): Promise<(Used & { user_id: number; users: number })[]> {
  return rows(
    `WITH used AS (
       SELECT user_id, coalesce(model, '') AS model, ${PERIOD} AS period, 1 AS answers, prompt_tokens, completion_tokens, total_tokens
       FROM runs r CROSS JOIN LATERAL analytics_quarter(completed_at) AS start
       WHERE completed_at IS NOT NULL AND completed_at >= :from AND completed_at < :to AND total_tokens IS NOT NULL
         AND (CAST(:channel AS text) IS NULL
           OR (SELECT channel FROM conversations c WHERE c.id = r.conversation_id) = CAST(:channel AS text))),
     most AS (SELECT user_id, sum(total_tokens) AS tokens, count(*) OVER () AS users
       FROM used GROUP BY user_id ORDER BY 2 DESC, 1 LIMIT :limit)
     SELECT used.user_id, used.model, used.period, most.users, ${SUMS} FROM most JOIN used USING (user_id)
     GROUP BY used.user_id, used.model, used.period, most.users, most.tokens ORDER BY most.tokens DESC, 1, 2, 3`,
    { ...window, limit, channel, periods: times(periods) },
  );
}
