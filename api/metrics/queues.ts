import { log } from '../../shared/log.ts';
import { queueJobs, queueOldest } from '../../shared/metrics.ts';
import { queues } from '../../shared/queues.ts';
import { redis } from '../../shared/redis.ts';

/** Milliseconds: how long a scrape may wait for Redis, and how long what it said is good for. */
const LIMIT = 1_000;
const FRESH = 5_000;

/**
 * Brings the gauges of the queues up to date, at most every five seconds and within one. They are gone while
 * Redis cannot say: an old number would look like a true one.
 */
export async function measureQueues(): Promise<void> {
  if (performance.now() < freshUntil) return measuring;
  freshUntil = performance.now() + FRESH;
  measuring = measure().catch((err: unknown) => {
    log.warn({ err }, 'queues cannot be measured');
    queueJobs.reset();
    queueOldest.reset();
  });
  return measuring;
}

let freshUntil = Number.NEGATIVE_INFINITY;
let measuring: Promise<void> = Promise.resolve();

async function measure(): Promise<void> {
  const found = await within(LIMIT, Promise.all(Object.values(queues).map(look)));
  for (const { queue, counts, oldestS } of found) {
    for (const [state, count] of Object.entries(counts)) queueJobs.set({ queue, state }, count);
    queueOldest.set({ queue }, oldestS);
  }
}

async function look(queue: (typeof queues)[keyof typeof queues]) {
  const [counts, oldest] = await Promise.all([
    queue.getJobCounts(...STATES),
    // Workers take from the end of this list.
    redis.lindex(queue.toKey('wait'), -1),
  ]);
  const added = oldest === null ? null : await redis.hget(queue.toKey(oldest), 'timestamp');
  const oldestS = added === null ? 0 : Math.max(0, Date.now() - Number(added)) / 1_000;
  return { queue: queue.name, counts, oldestS };
}

const STATES = ['waiting', 'active', 'delayed', 'waiting-children', 'completed', 'failed'] as const;

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), limitMs);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
