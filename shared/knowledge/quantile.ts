/** What a question reaches at best among the FAQs: cosine similarity, and share of its words. */
export type Reached = { similarity: number; coverage: number };

/** The share of off-topic questions that may pass: by either of the two. */
export const PASSING = 0.07;
/** Least share of a question's words: a single common word says nothing, whatever the probes found. */
const LEAST_COVERAGE = 0.15;

/**
 * Returns the similarity and coverage that PASSING of off-topic questions reach, by one or the other. Both stand at the same
 * quantile, so the scale of a model's similarities does not matter.
 */
export function thresholdsOf(reached: Reached[]): Reached {
  const similarities = reached.map(({ similarity }) => similarity).sort((a, b) => a - b);
  const coverages = reached.map(({ coverage }) => coverage).sort((a, b) => a - b);
  const at = (part: number): Reached => ({
    similarity: quantile(similarities, part),
    coverage: Math.max(LEAST_COVERAGE, quantile(coverages, part)),
  });
  const passing = (least: Reached) =>
    reached.filter((one) => one.similarity > least.similarity || one.coverage > least.coverage).length;
  let part = 1 - PASSING;
  while (part < 1 && passing(at(part)) > PASSING * reached.length) part = Math.min(1, part + STEP);
  return at(part);
}

const STEP = 0.005;

/** Returns a quantile of sorted numbers, between neighbours in proportion. */
function quantile(sorted: number[], part: number): number {
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
