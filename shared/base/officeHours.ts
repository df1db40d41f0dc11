/** Minutes of a local day in which people answer; weekday 0 is Sunday. */
export type OpenHours = { weekday: number; from: number; to: number };

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const ENTRY = /^([a-z]{3})(?:-([a-z]{3}))? (\d{2}):(\d{2})-(\d{2}):(\d{2})$/i;
const [DAY, MINUTE] = [1440, 60_000];

/** Parses `Mon-Fri 09:00-17:00, Sat 10:00-14:00`; '' means none. Returns null for anything else. */
export function parseHours(list: string): OpenHours[] | null {
  const entries = list.split(',').map((entry) => entry.trim().replace(/\s+/g, ' '));
  const parsed = entries.filter((entry) => entry !== '').map(parseEntry);
  return parsed.includes(null) ? null : parsed.flatMap((hours) => hours ?? []);
}

function parseEntry(entry: string): OpenHours[] | null {
  const [, first = '', last = first, ...times] = ENTRY.exec(entry) ?? [];
  const [begin, end] = [DAYS.indexOf(first.toLowerCase()), DAYS.indexOf((last || first).toLowerCase())];
  const [h1 = 0, m1 = 0, h2 = 0, m2 = 0] = times.map(Number);
  const [from, to] = [h1 * 60 + m1, h2 * 60 + m2];
  if (times.length === 0 || begin < 0 || end < 0 || m1 > 59 || m2 > 59 || to > DAY || from >= to) return null;
  const days = Array.from({ length: ((end - begin + 7) % 7) + 1 }, (_, i) => (begin + i) % 7);
  return days.map((weekday) => ({ weekday, from, to }));
}

/** Returns the next moment at which people answer; null: they do now, or no hours are set. */
export function nextOpening(hours: OpenHours[], timezone: string, now: Date): Date | null {
  if (hours.length === 0) return null;
  const local = localOf(now, timezone);
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  const open = hours.some(
    ({ weekday, from, to }) => weekday === local.getUTCDay() && from <= minute && minute < to,
  );
  if (open) return null;
  const openings = Array.from({ length: 8 }, (_, ahead) => {
    const day = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + ahead);
    return hours
      .filter(({ weekday }) => weekday === new Date(day).getUTCDay())
      .map(({ from }) => utcOf(day + from * MINUTE, timezone));
  }).flat();
  const next = openings.filter((at) => at > now.getTime()).sort((a, b) => a - b)[0];
  return next === undefined ? null : new Date(next);
}

/** Returns a date whose UTC fields are the local fields of a moment. */
function localOf(moment: Date, timeZone: string): Date {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(moment);
  const field = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return new Date(Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute')));
}

/** Returns the moment at which clocks show a local time. The second step is for days on which clocks change. */
function utcOf(local: number, timezone: string): number {
  const off = (guess: number) => localOf(new Date(guess), timezone).getTime() - guess;
  const first = local - off(local);
  return local - off(first);
}
