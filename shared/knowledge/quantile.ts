import type { Reached } from '../../db/models/threshold.ts';

/** Of off-topic questions this share reaches neither threshold by itself. */
const STOPPED = 0.95;
/** Least share of a question's words: a single common word says nothing, whatever the probes found. */
const LEAST_COVERAGE = 0.15;

/** Returns the thresholds that stop off-topic questions, each by itself: the scales of the two have nothing in common. */
export function thresholdsOf(reached: Reached[]): Reached {
  const of = (name: keyof Reached) => reached.map((one) => one[name]).sort((a, b) => a - b);
  return {
    similarity: quantile(of('similarity'), STOPPED),
    coverage: Math.max(LEAST_COVERAGE, quantile(of('coverage'), STOPPED)),
  };
}

/** Returns a quantile of sorted numbers, between neighbours in proportion. */
function quantile(sorted: number[], part: number): number {
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
