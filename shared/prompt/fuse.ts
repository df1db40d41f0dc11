/** Results of one search, best first, and how much its ranks count. */
export type Ranked<T> = { found: T[]; weight: number };

/** Dampens the first ranks (Cormack et al. 2009); as in search_faqs. */
const K = 60;

/** Joins the results of several searches by reciprocal rank, best first. Of one FAQ the most similar result stays. */
export function fuse<T extends { id: number; similarity: number }>(searches: Ranked<T>[]): T[] {
  const scores = new Map<number, { best: T; score: number }>();
  for (const { found, weight } of searches) {
    for (const [i, one] of found.entries()) {
      const kept = scores.get(one.id);
      const best = kept === undefined || one.similarity > kept.best.similarity ? one : kept.best;
      scores.set(one.id, { best, score: (kept?.score ?? 0) + weight / (K + i + 1) });
    }
  }
  return [...scores.values()].sort((a, b) => b.score - a.score).map(({ best }) => best);
}
