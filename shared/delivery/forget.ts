import { dropLogs } from './runlog.ts';
import { forgetCachedOf } from './cache.ts';
import { queues } from './queues.ts';
import { redis, untilReady } from './redis.ts';

const STAGES = ['moderation', 'context', 'completion'] as const;
/** Keys that one SCAN looks at. */
const SCANNED = 1_000;

/**
 * Removes the logs and the kept jobs of runs whose rows are gone.
 * @param deliveries as `id-generation`; each generation before it had jobs too
 * @throws while Redis is away
 */
export async function forgetDelivered(deliveries: string[]): Promise<void> {
  if (deliveries.length === 0) return;
  await untilReady(redis);
  await dropLogs(deliveries.map((delivery) => Number(delivery.split('-')[0])));
  for (const delivery of deliveries) {
    const [run = '', last = '0'] = delivery.split('-');
    const generations = Array.from({ length: Number(last) }, (_, i) => `run-${run}-${i + 1}`);
    // A parent goes last, because its children name it.
    for (const stage of STAGES)
      await Promise.all(generations.map((jobId) => queues[stage].remove(jobId).catch(() => 0)));
  }
}

/** Removes a user's counters and presence, whose keys hold the user's id, and cached values. @throws while Redis is away */
export async function forgetKeysOf(userId: number): Promise<void> {
  await untilReady(redis);
  await forgetCachedOf(userId);
  // Nobody reads these streams of events. They name jobs by runs, conversations and notifications.
  await Promise.all(Object.values(queues).map((queue) => redis.xtrim(queue.toKey('events'), 'MAXLEN', 0)));
  // `charged` is what the release before wrote.
  const own = new RegExp(`:(user|charged|online):${userId}(:|$)`);
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `*:${userId}*`, 'COUNT', SCANNED);
    cursor = next;
    const found = keys.filter((key) => own.test(key));
    if (found.length > 0) await redis.unlink(found);
  } while (cursor !== '0');
}
