import { row, rows } from '../../sql.ts';
import type { Range } from './ranges.ts';

export const INTERVALS = ['hour', 'day', 'week', 'month'] as const;
export type Interval = (typeof INTERVALS)[number];

/**
 * Reads the ends of a window. A date is the first moment of that day in the timezone.
 * @param from a date or a time, or null: thirty days, the last of them the present one
 * @returns undefined for a timezone, date or time that Postgres does not know
 */
export async function readWindow(
  from: string | null,
  to: string | null,
  timezone: string,
): Promise<Range | undefined> {
  try {
    return await row<Range>(
      `WITH asked AS (
         SELECT CAST(:from AS text) AS began, CAST(:to AS text) AS ended, CAST(:timezone AS text) AS zone),
       ends AS (
         SELECT zone, CASE WHEN length(began) = 10 THEN CAST(began AS timestamp) AT TIME ZONE zone
             ELSE CAST(began AS timestamptz) END AS began,
           coalesce(CASE WHEN length(ended) = 10 THEN CAST(ended AS timestamp) AT TIME ZONE zone
             ELSE CAST(ended AS timestamptz) END,
             (date_trunc('day', now() AT TIME ZONE zone) + interval '1 day') AT TIME ZONE zone) AS ended
         FROM asked)
       SELECT coalesce(began, (date_trunc('day', (ended - interval '1 microsecond') AT TIME ZONE zone) - interval '29 days')
         AT TIME ZONE zone) AS from, ended AS to FROM ends`,
      { from, to, timezone },
    );
  } catch (err) {
    if (String((err as { code?: unknown }).code).startsWith('22')) return undefined;
    throw err;
  }
}

/**
 * Returns where the buckets of a window begin, in order; the first one may begin before the window. Where clocks change, a
 * day has 23 or 25 hours, and an hour that clocks repeat is two buckets.
 */
export async function bucketStarts(
  { from, to }: Range,
  interval: Interval,
  timezone: string,
): Promise<Date[]> {
  const found = await rows<{ start: Date }>(interval === 'hour' ? HOURS : DAYS, {
    from,
    to,
    timezone,
    ...(interval !== 'hour' && { interval }),
  });
  return found.map(({ start }) => start);
}

/** Every quarter hour says to which hour of the clock it belongs, and at which offset. */
const HOURS = `
  SELECT min(at) AS start FROM (
    SELECT at, date_trunc('hour', at AT TIME ZONE CAST(:timezone AS text)) AS local, at AT TIME ZONE CAST(:timezone AS text) - at AT TIME ZONE 'UTC' AS beyond
    FROM generate_series(analytics_quarter(CAST(:from AS timestamptz)) - interval '45 minutes',
      CAST(:to AS timestamptz) - interval '1 microsecond', interval '15 minutes') AS at) AS quarters
  GROUP BY local, beyond HAVING max(at) >= analytics_quarter(CAST(:from AS timestamptz)) ORDER BY 1`;
/** A day that a timezone left out begins where the next one begins: DISTINCT. */
const DAYS = `
  SELECT DISTINCT local AT TIME ZONE CAST(:timezone AS text) AS start
  FROM generate_series(date_trunc(CAST(:interval AS text), CAST(:from AS timestamptz) AT TIME ZONE CAST(:timezone AS text)),
    (CAST(:to AS timestamptz) - interval '1 microsecond') AT TIME ZONE CAST(:timezone AS text),
    CAST('1 ' || CAST(:interval AS text) AS interval)) AS local
  ORDER BY 1`;
