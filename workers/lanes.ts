import { stopping } from '../shared/base/stop.ts';

/**
 * Ms after which a job begins nothing more. What is left is owed, and the slot is free for another.
 */
const ROUND = 20_000;

/**
 * Calls `next` in lanes side by side until it returns false, the round is over or the process stops.
 * @throws the first error, once all lanes have ended
 */
export async function inLanes(lanes: number, next: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + ROUND;
  const lane = async () => {
    while (!stopping() && performance.now() < until && (await next()));
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const ended of results) if (ended.status === 'rejected') throw ended.reason;
}
