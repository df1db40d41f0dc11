import { isIP } from 'node:net';
import { hidden } from '../base/hidden.ts';
import { type Problem, problem } from '../base/errors.ts';
import { rateLimited } from '../ops/metrics.ts';

/** At most `limit` in `seconds`, from the first on. `name` is what clients are told. */
export type Window = { name: string; limit: number; seconds: number };
/** A window of somebody's own: `key` says whose, in Redis. */
export type Counter = Window & { key: string };
/** The state of a counter: its count, and when it begins anew, in ms since 1970 by the store's own clock. */
export type Count = { count: number; ends: number };
/** The result of a charge. `refused`: no counter was charged. `free`: the request was charged before. */
export type Charge = {
  outcome: 'refused' | 'taken' | 'free';
  counters: Counter[];
  /** One for each counter, this charge counted in. */
  counts: Count[];
  /** Until when a window counts, in ms from now, for each counter. */
  left: number[];
  /** Takes the charge back from the windows that counted it. Never throws. */
  giveBack: () => Promise<void>;
};

export type RateHeaders = { RateLimit: string; 'RateLimit-Policy': string };

/**
 * Returns the two headers of draft-ietf-httpapi-ratelimit-headers. Both are lists of windows: how many requests are left
 * and for how many seconds; and the limit and length of the window.
 * @param shown how many of the first windows to show always; others are shown only when they refuse
 */
export function presentCharge({ counters, counts, left }: Charge, shown = counters.length): RateHeaders {
  const told = counters.map((_, i) => i).filter((i) => i < shown || isFull(counters[i], counts[i]));
  const list = (item: (i: number) => string) => told.map(item).join(', ');
  const at = <T>(of: T[], i: number) => of[i] as T;
  return {
    RateLimit: list((i) => {
      const { name, limit } = at(counters, i);
      return `"${name}";r=${Math.max(0, limit - at(counts, i).count)};t=${seconds(at(left, i))}`;
    }),
    'RateLimit-Policy': list((i) => {
      const { name, limit, seconds: window } = at(counters, i);
      return `"${name}";q=${limit};w=${window}`;
    }),
  };
}

/** Returns the problem of a refused charge. Retry-After is when every window that is used up has ended. */
export function refusalOf({ counters, counts, left }: Charge, detail: string): Problem {
  const full = counters.map((_, i) => i).filter((i) => isFull(counters[i], counts[i]));
  for (const i of full) rateLimited.inc({ limit: counters[i]?.name ?? '' });
  return problem('rate_limited', detail, {
    retryAfterS: seconds(Math.max(...full.map((i) => left[i] ?? 0))),
  });
}

function isFull(window: Window | undefined, count: Count | undefined): boolean {
  return window !== undefined && count !== undefined && count.count >= window.limit;
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

/** Returns the name of a client's network in keys of Redis, which hold no address. */
export function networkKey(ip: string): string {
  return hidden('network', networkOf(ip)).slice(0, 22);
}

/** Returns what limits count as one client: an IPv4 address, or the /64 of an IPv6 address, the smallest network given out. */
export function networkOf(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  const [before = '', after] = (ip.split('%')[0] ?? '').split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros =
    after === undefined ? [] : Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
