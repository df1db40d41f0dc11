import { inTime } from '../../shared/base/inTime.ts';
import { log } from '../../shared/base/log.ts';
import { atMostEvery } from '../../shared/base/together.ts';
import { queueJobs, queueOldest } from '../../shared/ops/metrics.ts';
import { queues } from '../../shared/delivery/queues.ts';
import { redis } from '../../shared/delivery/redis.ts';

/** How long a scrape may wait for Redis, and how long its answer is good for, in ms. */
const LIMIT = 1_000;
const FRESH = 5_000;

/**
 * Updates the gauges of the queues, at most every five seconds, and within one. While Redis is away it removes their
 * values: an old number would look like a true one.
 */
export const measureQueues = atMostEvery(FRESH, () =>
  measure().catch((err: unknown) => {
    log.warn({ err }, 'Queues not measured; their gauges are removed');
    queueJobs.reset();
    queueOldest.reset();
  }),
);

/** Counts the jobs of all queues by state. @throws when Redis does not answer within a second */
export function countJobs() {
  return inTime(LIMIT, Promise.all(Object.values(queues).map(look)));
}

async function measure(): Promise<void> {
  const found = await countJobs();
  for (const { queue, counts, oldestS } of found) {
    for (const [state, count] of Object.entries(counts)) queueJobs.set({ queue, state }, count);
    queueOldest.set({ queue }, oldestS);
  }
}

async function look(queue: (typeof queues)[keyof typeof queues]) {
  const [counts, added] = await Promise.all([
    queue.getJobCounts(...STATES),
    redis.eval(OLDEST, 3, queue.toKey('wait'), queue.toKey('prioritized'), queue.toKey('')),
  ]);
  const oldestS = added === null ? 0 : Math.max(0, Date.now() - Number(added)) / 1_000;
  return { queue: queue.name, counts, oldestS };
}

const STATES = [
  'waiting',
  'prioritized',
  'active',
  'delayed',
  'waiting-children',
  'completed',
  'failed',
] as const;

/**
 * Returns when the oldest of the next jobs was added, in ms since 1970; nil when no job waits. Workers take from the end
 * of the list `wait`. BullMQ scores `prioritized` by priority × 2^32 + a counter: the first of each priority is its next.
 */
const OLDEST = `
local oldest = false
local function look(id)
  local added = tonumber(redis.call('HGET', KEYS[3] .. id, 'timestamp'))
  if added and (not oldest or added < oldest) then oldest = added end
end
local last = redis.call('LINDEX', KEYS[1], -1)
if last then look(last) end
local from = 0
while true do
  local first = redis.call('ZRANGE', KEYS[2], from, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  if #first == 0 then break end
  look(first[1])
  from = (math.floor(first[2] / 4294967296) + 1) * 4294967296
end
return oldest`;
