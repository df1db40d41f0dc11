import type { Reached } from '../../db/models/threshold.ts';

/**
 * How many standard deviations above the mean of off-topic questions a threshold is: it stops 96 of 100 in a normal
 * distribution. A quantile of sixty questions hangs on the third and fourth of them alone; mean and deviation use all.
 */
const ABOVE_MEAN = 1.75;
/** Least share of a question's words: a single common word says nothing, whatever the probes found. */
const LEAST_COVERAGE = 0.15;

/** Returns the thresholds that stop off-topic questions, each by itself: the scales of the two have nothing in common. */
export function thresholdsOf(reached: Reached[]): Reached {
  const of = (name: keyof Reached) => above(reached.map((one) => one[name]));
  return { similarity: of('similarity'), coverage: Math.max(LEAST_COVERAGE, of('coverage')) };
}

function above(values: number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return mean + ABOVE_MEAN * Math.sqrt(variance);
}
