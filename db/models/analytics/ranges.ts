import { rows } from '../../sql.ts';

/** Part of a window, from inclusive, to exclusive. */
export type Range = { from: Date; to: Date };
/**
 * Which rollups, and which rows, together make a window. `renewedTo`: rollups before it know channels, and who came back.
 * `weeksFrom`: from there on, what has a key also has rollups of weeks; see `byWeeks`. `peopleTo`: up to there, the people of
 * the day that is not over are counted like those of other days.
 */
export type Ranges = Split & {
  weeks: Range[];
  renewedTo: Date;
  weeksFrom: Date | null;
  peopleTo: Date | null;
};
type Split = { days: Range[]; quarters: Range[]; live: Range[] };
/** What figures are of: null is all of them. */
export type Of = { assistantId: number | null; channel: string | null };
export const ALL: Of = { assistantId: null, channel: null };
export type Part = 'moments' | 'begun';

export const QUARTER = 15 * 60_000;
const DAY = 96 * QUARTER;
const WEEK = 7 * DAY;
const MONDAY = Date.UTC(2000, 0, 3);

/** How far a part is counted, and which quarter hours of a window changed since, oldest first. */
export type Counted = {
  counted_to: Date;
  renewed_to: Date | null;
  weeks_from: Date | null;
  people_to: Date | null;
  changed: Date[];
};

/** Returns the state of both parts, in one statement; a part that was never counted is missing. */
export async function countedIn({ from, to }: Range): Promise<Partial<Record<Part, Counted>>> {
  const found = await rows<Counted & { part: Part }>(
    `SELECT part, coalesce(young_to, counted_to) AS counted_to, renewed_to, weeks_from,
       CASE WHEN people_to = counted_to AND renewed_to = counted_to THEN people_to END AS people_to, ARRAY(
       SELECT start FROM analytics_changes c WHERE c.part = s.part AND start >= :from AND start < :to
         AND (stale_at IS NULL OR stale_at <= clock_timestamp())
       UNION SELECT * FROM analytics_answered(young_to, 'infinity') WHERE s.part = 'begun'
       ORDER BY start) AS changed FROM analytics_state s`,
    { from, to },
  );
  return Object.fromEntries(found.map((counted) => [counted.part, counted]));
}

/**
 * Says which rollups of a window hold what the rows hold: those that are counted and have not changed since. The rest of
 * the window is `live`: its figures come from the rows.
 * @param byDays false: for figures by parts of days, no rollup of a whole day is taken
 * @param channel the channel of the figures. With one, the ranges leave out rollups that were counted without channels
 */
export async function rangesOf(part: Part, window: Range, byDays: boolean, of: Of = ALL): Promise<Ranges> {
  return rangesIn(await countedIn(window), part, window, { byDays, channel: of.channel });
}

/** Does what `rangesOf` does, with what was read for the window or for a longer one. */
export function rangesIn(
  counted: Partial<Record<Part, Counted>>,
  part: Part,
  window: Range,
  { byDays = true, channel = null }: { byDays?: boolean; channel?: string | null } = {},
): Ranges {
  const { counted_to, renewed_to, weeks_from = null, people_to = null, changed = [] } = counted[part] ?? {};
  const renewedTo = renewed_to ?? window.from;
  const countedTo = part === 'moments' && channel !== null ? renewedTo : (counted_to ?? window.from);
  const parts = split(window, countedTo, changed, byDays);
  return { ...parts, weeks: [], renewedTo, weeksFrom: weeks_from, peopleTo: people_to };
}

/** Takes whole weeks out of the days, for figures of `analytics_spread` that no part of the window splits. */
export function byWeeks(ranges: Ranges): Ranges {
  const [weeks, days]: [Spans, Spans] = [[], []];
  const monday = (at: number, round: (n: number) => number) => MONDAY + round((at - MONDAY) / WEEK) * WEEK;
  const { weeksFrom } = ranges;
  for (const { from, to } of ranges.days) {
    const [a, b] = [from.getTime(), to.getTime()];
    const first = weeksFrom === null ? b : Math.min(monday(Math.max(a, weeksFrom.getTime()), Math.ceil), b);
    const last = Math.max(first, monday(b, Math.floor));
    add(days, a, first);
    add(weeks, first, last);
    add(days, last, b);
  }
  return { ...ranges, weeks: dated(weeks), days: dated(days) };
}

/** Splits a window; see `rangesOf`. @param changed quarter hours, oldest first */
export function split(window: Range, countedTo: Date, changed: Date[], byDays: boolean): Split {
  const from = Math.ceil(window.from.getTime() / QUARTER) * QUARTER;
  const to = Math.floor(Math.min(window.to.getTime(), countedTo.getTime()) / QUARTER) * QUARTER;
  if (from >= to) return { days: [], quarters: [], live: [window] };
  const [days, quarters, live]: [Spans, Spans, Spans] = [[], [], []];
  add(live, window.from.getTime(), from);
  let at = from;
  for (const one of [...changed.map((start) => start.getTime()), to]) {
    const start = Math.min(one, to);
    if (start < at) continue;
    addCounted(at, start);
    if (start < to) add(live, start, start + QUARTER);
    at = start + QUARTER;
  }
  add(live, to, window.to.getTime());
  return { days: dated(days), quarters: dated(quarters), live: dated(live) };

  function addCounted(a: number, b: number): void {
    const first = byDays ? Math.min(Math.ceil(a / DAY) * DAY, b) : b;
    const last = byDays ? Math.max(first, Math.floor(b / DAY) * DAY) : b;
    add(quarters, a, first);
    add(days, first, last);
    add(quarters, last, b);
  }
}

/** Returns where the day of UTC begins that a time belongs to. */
export function startOfDay(at: Date): Date {
  return new Date(Math.floor(at.getTime() / DAY) * DAY);
}

/** Returns where the days of a range of whole days begin. */
export function dayStarts({ from, to }: Range): Date[] {
  return Array.from(
    { length: (to.getTime() - from.getTime()) / DAY },
    (_, i) => new Date(from.getTime() + i * DAY),
  );
}

type Spans = [number, number][];

/** Adds a span, or prolongs the last one. */
function add(spans: Spans, from: number, to: number): void {
  if (from >= to) return;
  const last = spans.at(-1);
  if (last !== undefined && last[1] === from) last[1] = to;
  else spans.push([from, to]);
}

function dated(spans: Spans): Range[] {
  return spans.map(([from, to]) => ({ from: new Date(from), to: new Date(to) }));
}

/** Returns the ranges as bindings of the statements that begin with `RANGES`. */
export function bound({ weeks, days, quarters, live }: Split & { weeks: Range[] }) {
  const iso = (ranges: Range[], end: keyof Range) => ranges.map((range) => range[end].toISOString());
  return {
    weeksFrom: iso(weeks, 'from'),
    weeksTo: iso(weeks, 'to'),
    daysFrom: iso(days, 'from'),
    daysTo: iso(days, 'to'),
    quartersFrom: iso(quarters, 'from'),
    quartersTo: iso(quarters, 'to'),
    liveFrom: iso(live, 'from'),
    liveTo: iso(live, 'to'),
  };
}

/** `counted`: the ranges of each grain; `live`: the ranges to count from the rows, with what deleted rows left there. */
export const RANGES = `counted (grain, a, b) AS MATERIALIZED (
    SELECT 'w'::"char", * FROM unnest(CAST(:weeksFrom AS timestamptz[]), CAST(:weeksTo AS timestamptz[]))
    UNION ALL SELECT 'd'::"char", * FROM unnest(CAST(:daysFrom AS timestamptz[]), CAST(:daysTo AS timestamptz[]))
    UNION ALL SELECT 'q'::"char", * FROM unnest(CAST(:quartersFrom AS timestamptz[]), CAST(:quartersTo AS timestamptz[]))
    UNION ALL SELECT 'k'::"char", * FROM unnest(CAST(:liveFrom AS timestamptz[]), CAST(:liveTo AS timestamptz[]))),
  live (a, b) AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:liveFrom AS timestamptz[]), CAST(:liveTo AS timestamptz[])))`;

/**
 * The rollups of `counted` in a table, as a part of FROM. OFFSET 0: range by range, by the index. Joined, the planner would
 * read all rollups of the table, quarter hours too, to find those of a few days.
 */
export const rollups = (table: string, which = 'true') =>
  `counted CROSS JOIN LATERAL (SELECT * FROM ${table} x
     WHERE x.grain = counted.grain AND x.start >= a AND x.start < counted.b AND ${which} OFFSET 0)`;
/** Which of them `Of` wants. */
export const WANTED = `(CAST(:assistantId AS bigint) IS NULL OR assistant_id = CAST(:assistantId AS bigint))
  AND (CAST(:channel AS text) IS NULL OR channel = CAST(:channel AS text))`;
/** The period of prices of a start; see `cellsOf`. */
export const PERIOD = `CASE WHEN cardinality(CAST(:periods AS timestamptz[])) = 0 THEN 0
  ELSE width_bucket(start, CAST(:periods AS timestamptz[])) END`;
/** The bucket of a start; see `bucketsOf`. */
export const BUCKET = 'greatest(width_bucket(start, CAST(:starts AS timestamptz[])), 1) - 1';

/** Returns times as bindings. */
export function times(starts: Date[]): string[] {
  return starts.map((at) => at.toISOString());
}
