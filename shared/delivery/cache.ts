import { createHash } from 'node:crypto';
import { redis } from './redis.ts';

/** Longer than this a value is cheaper to make again than to keep in Redis, which evicts nothing. */
const MAX_BYTES = 64 * 1024;

const underWay = new Map<string, Promise<Kept<unknown>>>();
type Kept<T> = { value: T; cached: boolean };

/** A key for whatever the parts say: nothing readable stands in Redis. The name is permanent: it names the value's form. */
export function cacheKey(name: string, ...parts: unknown[]): string {
  return `cache:${name}:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}

/**
 * The value under a key, made where it is not kept; asked for twice at once in this process it is made once.
 * The key holds all that the value depends on: nothing is ever deleted, what is out of date is not asked for again.
 * Without Redis every value is made.
 * @param keep whether a value may serve others
 */
export async function remember<T>(
  key: string,
  ttlS: number,
  make: () => Promise<T>,
  keep: (value: T) => boolean = () => true,
): Promise<Kept<T>> {
  const running = underWay.get(key) as Promise<Kept<T>> | undefined;
  if (running) return running;
  const begun = readOrMake(key, ttlS, make, keep).finally(() => underWay.delete(key));
  underWay.set(key, begun);
  return begun;
}

async function readOrMake<T>(
  key: string,
  ttlS: number,
  make: () => Promise<T>,
  keep: (value: T) => boolean,
): Promise<Kept<T>> {
  const kept = await redis.get(key).catch(() => null);
  if (kept !== null) return { value: JSON.parse(kept) as T, cached: true };
  const value = await make();
  const text = keep(value) ? JSON.stringify(value) : '';
  // Not waited for: whoever asks next asks behind it.
  if (text !== '' && Buffer.byteLength(text) <= MAX_BYTES)
    void redis.set(key, text, 'EX', ttlS).catch(() => null);
  return { value, cached: false };
}
