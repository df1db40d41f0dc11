import type { Range } from '../../db/models/analytics/ranges.ts';
import { bucketStarts, type Interval, readWindow } from '../../db/models/analytics/window.ts';
import { invalid } from '../base/errors.ts';

/** The longest window, and the most buckets of one answer. */
const LONGEST_MS = 1_830 * 86_400_000;
const MOST_BUCKETS = 2_000;

export type Asked = { from?: string; to?: string; timezone?: string };
export type Window = Range & { timezone: string };

/**
 * Reads the window of a query. Without `to` it ends with the present day, without `from` it has thirty days.
 * @param own the asker's timezone
 * @throws Problem `validation_failed`
 */
export async function windowOf(asked: Asked, own: string): Promise<Window> {
  const { from, to, timezone = own } = asked;
  const window = await readWindow(from ?? null, to ?? null, timezone);
  if (window === undefined) throw await unreadable(from, timezone);
  const length = window.to.getTime() - window.from.getTime();
  if (length <= 0) throw invalid('/to', 'must be after from');
  if (length > LONGEST_MS) throw invalid('/from', 'must be at most five years before to');
  return { ...window, timezone };
}

/** Returns the refusal of a window that Postgres cannot read. It names what is wrong. */
async function unreadable(from: string | undefined, timezone: string) {
  if ((await readWindow(null, null, timezone)) === undefined)
    return invalid('/timezone', 'must be a timezone of the IANA database');
  const read = await readWindow(from ?? null, null, timezone);
  return invalid(read === undefined ? '/from' : '/to', 'must be a date or a time');
}

/** Returns the window of the same length before this one. */
export function before({ from, to }: Range): Range {
  return { from: new Date(2 * from.getTime() - to.getTime()), to: from };
}

/** Returns where the buckets of a window begin. @throws Problem `validation_failed` for too many of them */
export async function bucketsIn(window: Window, interval: Interval): Promise<Date[]> {
  if ((window.to.getTime() - window.from.getTime()) / (MOST_BUCKETS * LENGTHS[interval]) > 1)
    throw invalid('/interval', `must be longer: at most ${MOST_BUCKETS} of them may be in the window`);
  return bucketStarts(window, interval, window.timezone);
}

const LENGTHS: Record<Interval, number> = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_592_000_000,
};
