import { type Problem, problem } from '../base/errors.ts';
import { rateLimited } from '../ops/metrics.ts';
import type { Charge, Count, Window } from './counters.ts';

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
