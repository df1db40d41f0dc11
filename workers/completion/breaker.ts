import { redis } from '../../shared/redis.ts';

/** Holds back calls to a model that said it is busy, across all workers. A copy in Redis: losing it costs one 429. */
export async function holdBack(model: string, ms: number): Promise<void> {
  if (ms > 0) await redis.set(`breaker:${model}`, '1', 'PX', Math.ceil(ms)).catch(() => null);
}

/** Milliseconds until the model may be called again; 0 when it may now. */
export async function heldBackMs(model: string): Promise<number> {
  const left = await redis.pttl(`breaker:${model}`).catch(() => 0);
  return Math.max(0, left);
}
