import type { Reached } from '../../db/models/threshold.ts';

/**
 * Share of the off-topic questions that is left out, the nearest ones: some house answers each, and a single one that is far above
 * the others would move the deviation.
 */
const LEFT_OUT = 0.05;
/**
 * How many standard deviations above the mean of the others a threshold is: it stops 97 of 100 in a normal distribution. A quantile
 * hangs on one or two questions alone; mean and deviation use nearly all.
 */
const ABOVE_MEAN = 2.2;
/** Least share of a question's words: a single common word says nothing, whatever the probes found. */
const LEAST_COVERAGE = 0.15;

/** Returns the thresholds that stop off-topic questions, each by itself: the scales of the two have nothing in common. */
export function thresholdsOf(reached: Reached[]): Reached {
  const of = (name: keyof Reached) => above(reached.map((one) => one[name]));
  return { similarity: of('similarity'), coverage: Math.max(LEAST_COVERAGE, of('coverage')) };
}

function above(reached: number[]): number {
  const values = reached
    .toSorted((a, b) => a - b)
    .slice(0, reached.length - Math.round(reached.length * LEFT_OUT));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return mean + ABOVE_MEAN * Math.sqrt(variance);
}
