/**
 * Returns how far apart two samples are by rank (Mann–Whitney): a normal deviate, 0 where neither tends to be larger.
 * Chance exceeds 4.5 in either direction once in 150,000 times. One slow answer among many does not change it.
 */
export function rankDeviate(a: number[], b: number[]): number {
  const all = [...a.map((value) => ({ value, first: true })), ...b.map((value) => ({ value, first: false }))];
  all.sort((one, other) => one.value - other.value);
  const ranks = all.reduce((sum, { first }, i) => (first ? sum + i + 1 : sum), 0);
  const [n, m] = [a.length, b.length];
  return (ranks - (n * (n + m + 1)) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
}

/** Times two kinds of work `n` times each, in random order, so that other load hits both. In ms. */
export async function timeBoth(
  n: number,
  work: [(i: number) => Promise<unknown>, (i: number) => Promise<unknown>],
): Promise<[number[], number[]]> {
  const turns = [...Array(n).fill(0), ...Array(n).fill(1)] as (0 | 1)[];
  for (let i = turns.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [turns[i], turns[j]] = [turns[j]!, turns[i]!];
  }
  const times: [number[], number[]] = [[], []];
  for (const which of turns) {
    const began = performance.now();
    await work[which](times[which].length);
    times[which].push(performance.now() - began);
  }
  return times;
}
