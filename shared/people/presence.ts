import { redis } from '../delivery/redis.ts';

/**
 * Ms between two notes of which agents are connected. Each replica notes those of its own sockets, so that an emptied Redis
 * knows them after one beat. An agent who leaves, or whose replica dies, counts as connected until the key runs out.
 */
export const PRESENCE_BEAT_MS = 5_000;
const KEPT_MS = 3 * PRESENCE_BEAT_MS;

/** Notes that these agents are connected. Never throws. */
export async function noteOnline(agentIds: number[]): Promise<void> {
  if (agentIds.length === 0 || redis.status !== 'ready') return;
  const pipeline = redis.pipeline();
  for (const id of agentIds) pipeline.set(key(id), 1, 'PX', KEPT_MS);
  await pipeline.exec().catch(() => null);
}

/** Returns those of the agents who are connected; without Redis none. */
export async function onlineAmong(agentIds: number[]): Promise<Set<number>> {
  if (agentIds.length === 0) return new Set();
  const values = await redis.mget(agentIds.map(key)).catch(() => []);
  return new Set(agentIds.filter((_, i) => values[i] != null));
}

function key(id: number): string {
  return `agent:online:${id}`;
}
