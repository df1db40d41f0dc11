import type { Redis } from 'ioredis';
import { connect, redis } from './redis.ts';

/**
 * Who is there. Each replica subscribes to a channel of every user that has a device on it, and whoever asks counts the
 * channel's subscribers. Nothing is stored: an emptied Redis forgets nobody, and a replica that dies takes its users along.
 */
const here = new Map<number, number>();
let subscriber: Redis | undefined;

/**
 * Notes that a device of a user is connected to this process.
 * @returns a function that ends the note; a second call of it does nothing
 */
export function arrive(userId: number): () => void {
  const devices = here.get(userId) ?? 0;
  here.set(userId, devices + 1);
  // ioredis subscribes again by itself after each reconnection.
  subscriber ??= connect('presence', { maxRetriesPerRequest: null });
  if (devices === 0) subscriber.subscribe(channelOf(userId)).catch(() => {});
  let there = true;
  return () => {
    if (there) leave(userId);
    there = false;
  };
}

function leave(userId: number): void {
  const left = (here.get(userId) ?? 1) - 1;
  if (left > 0) return void here.set(userId, left);
  here.delete(userId);
  subscriber?.unsubscribe(channelOf(userId)).catch(() => {});
}

/** Says whether a device of a user is connected to any replica. @throws while Redis is away */
export async function isThere(userId: number): Promise<boolean> {
  const [, replicas] = (await redis.pubsub('NUMSUB', channelOf(userId))) as [string, number];
  return Number(replicas) > 0;
}

/** Counts the users that have a device connected to any replica. @throws while Redis is away */
export async function howManyAreThere(userIds: number[]): Promise<number> {
  if (userIds.length === 0) return 0;
  const counts = (await redis.pubsub('NUMSUB', ...userIds.map(channelOf))) as (string | number)[];
  return counts.filter((count, i) => i % 2 === 1 && Number(count) > 0).length;
}

function channelOf(userId: number): string {
  return `parley:here:${userId}`;
}
