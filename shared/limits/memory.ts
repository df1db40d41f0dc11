import type { Charge, Count, Counter } from './charge.ts';

/** The counters of this process while Redis is away, with the same rules. */
const counts = new Map<string, Count>();
/** How many counters are kept. Beyond that, the oldest go first. */
const MAX_COUNTS = 100_000;

/** Takes as `take` in counters.ts does. `now` is in ms since 1970. */
export function takeInMemory(counters: Counter[], receipt: string | null, now: number): Charge {
  const keys = counters.map(({ key }) => key);
  const found = counters.map(
    ({ key, seconds }) => living(key, now) ?? { count: 0, ends: now + seconds * 1_000 },
  );
  const full = counters.some(({ limit }, i) => (found[i]?.count ?? 0) >= limit);
  const free = receipt !== null && living(receipt, now) !== undefined;
  const outcome = free ? 'free' : full ? 'refused' : 'taken';
  const after = found.map(({ count, ends }) => ({ count: outcome === 'taken' ? count + 1 : count, ends }));
  if (outcome === 'taken') {
    for (const [i, key] of keys.entries()) keep(key, after[i]!);
    if (receipt !== null) keep(receipt, { count: 1, ends: after[0]?.ends ?? now });
  }
  const ends = after.map((count) => count.ends);
  return {
    outcome,
    counters,
    counts: after,
    left: ends.map((end) => end - now),
    giveBack: async () => giveBackInMemory(keys, ends, receipt),
  };
}

/** Gives one back to each window that ends at the time in `ends`. An infinite time deletes the counter. */
export function giveBackInMemory(keys: string[], ends: number[], receipt: string | null): void {
  for (const [i, key] of keys.entries()) {
    const count = counts.get(key);
    if (ends[i] === Number.POSITIVE_INFINITY) counts.delete(key);
    else if (count !== undefined && count.ends === ends[i]) count.count -= 1;
  }
  if (receipt !== null) counts.delete(receipt);
}

function living(key: string, now: number): Count | undefined {
  const count = counts.get(key);
  return count !== undefined && count.ends > now ? count : undefined;
}

function keep(key: string, count: Count): void {
  // Deletes and adds, so that the last written key comes last and the oldest first.
  counts.delete(key);
  counts.set(key, count);
  if (counts.size > MAX_COUNTS) counts.delete(counts.keys().next().value ?? '');
}
