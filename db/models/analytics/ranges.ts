import { row, rows } from '../../sql.ts';

/** Part of a window, from inclusive, to exclusive. */
export type Range = { from: Date; to: Date };
/** Which rollups, and which rows, together make a window. `renewedTo`: rollups before it know channels, and who came back. */
export type Ranges = { days: Range[]; quarters: Range[]; live: Range[]; renewedTo: Date };
/** What figures are of: null is all of them. */
export type Of = { assistantId: number | null; channel: string | null };
export const ALL: Of = { assistantId: null, channel: null };
export type Part = 'moments' | 'begun';

export const QUARTER = 15 * 60_000;
const DAY = 96 * QUARTER;

/**
 * Says which rollups of a window hold what the rows hold: those that are counted and have not changed since. The rest of
 * the window is `live`: its figures come from the rows.
 * @param byDays false: for figures by parts of days, no rollup of a whole day is taken
 * @param channel the channel of the figures. With one, the ranges leave out rollups that were counted without channels
 */
export async function rangesOf(
  part: Part,
  window: Range,
  byDays: boolean,
  { channel }: Of = ALL,
): Promise<Ranges> {
  const [state, changed] = await Promise.all([
    row<{ counted_to: Date; renewed_to: Date | null }>(
      'SELECT counted_to, renewed_to FROM analytics_state WHERE part = :part',
      { part },
    ),
    rows<{ start: Date }>(
      `SELECT DISTINCT start FROM analytics_changes WHERE part = :part AND start >= :from AND start < :to ORDER BY start`,
      { part, ...window },
    ),
  ]);
  const renewedTo = state?.renewed_to ?? window.from;
  const starts = changed.map(({ start }) => start);
  const countedTo = part === 'moments' && channel !== null ? renewedTo : (state?.counted_to ?? window.from);
  return { ...split(window, countedTo, starts, byDays), renewedTo };
}

/** Splits a window; see `rangesOf`. @param changed quarter hours, oldest first */
export function split(
  window: Range,
  countedTo: Date,
  changed: Date[],
  byDays: boolean,
): Omit<Ranges, 'renewedTo'> {
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

/** The ranges as bindings of the statements that begin with `RANGES`. */
export function bound({ days, quarters, live }: Omit<Ranges, 'renewedTo'>) {
  const iso = (ranges: Range[], end: keyof Range) => ranges.map((range) => range[end].toISOString());
  return {
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
    SELECT 'd'::"char", * FROM unnest(CAST(:daysFrom AS timestamptz[]), CAST(:daysTo AS timestamptz[]))
    UNION ALL SELECT 'q'::"char", * FROM unnest(CAST(:quartersFrom AS timestamptz[]), CAST(:quartersTo AS timestamptz[]))
    UNION ALL SELECT 'k'::"char", * FROM unnest(CAST(:liveFrom AS timestamptz[]), CAST(:liveTo AS timestamptz[]))),
  live (a, b) AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:liveFrom AS timestamptz[]), CAST(:liveTo AS timestamptz[])))`;
