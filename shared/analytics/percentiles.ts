import type { Step } from '../../db/models/analytics/figures.ts';

/** The scale of analytics_step (db/functions/analytics.sql). */
const GROWTH = 1.08;
/** A percentile is within this part of the row's own number. */
export const ERROR = (GROWTH - 1) / (GROWTH + 1);

export type Percentiles = { p50: number | null; p95: number | null; p99: number | null };

/** Returns percentiles of a measure, in whole ms; null where nothing was measured. @param steps in the order of their keys */
export function percentilesOf(steps: Step[], measure: string): Percentiles {
  const own = steps.filter((step) => step.measure === measure);
  return { p50: percentile(own, 0.5), p95: percentile(own, 0.95), p99: percentile(own, 0.99) };
}

/** Returns the middle of the step in which the share of all numbers is reached. */
export function percentile(steps: Pick<Step, 'key' | 'n'>[], share: number): number | null {
  const wanted = share * steps.reduce((sum, { n }) => sum + n, 0);
  let seen = 0;
  for (const { key, n } of steps) {
    seen += n;
    if (seen >= wanted) return Math.round((2 * GROWTH ** key) / (GROWTH + 1));
  }
  return null;
}
