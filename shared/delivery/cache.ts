import { createHmac } from 'node:crypto';
import { env } from '../base/env.ts';
import { redis } from './redis.ts';

/**
 * How many values of a kind Redis holds at most, and how large one may be. Redis evicts nothing: each value has a slot,
 * and a newer one takes the place of what was in it. All of them are 152 MiB at most (docs/operations.md).
 */
const ROOM = {
  search: { slots: 1_024, bytes: 64 * 1024 },
  vector: { slots: 4_096, bytes: 20 * 1024 },
  verdict: { slots: 8_192, bytes: 1024 },
};

/** Who knows which texts share a slot could see from a value's absence that somebody sent one of them. */
const SECRET = [env.DATABASE_URL, env.REDIS_URL, env.OPENAI_API_KEY].join('\n');

/** Whose value it is: what one user asked must tell another nothing, not even that it is kept. */
type Whose = { user_id: number };
/** Where a value stands, and by what it is told from others of the same slot. */
export type Key = { slot: string; digest: string; bytes: number };

const underWay = new Map<string, Promise<Kept<unknown>>>();
type Kept<T> = { value: T; cached: boolean };

/** A key for whatever the parts say, of one user: nothing readable stands in Redis. The name is permanent: it names the value's form. */
export function cacheKey(name: keyof typeof ROOM, { user_id }: Whose, ...parts: unknown[]): Key {
  const hash = createHmac('sha256', SECRET).update(JSON.stringify([name, user_id, ...parts]));
  const digest = hash.digest('base64url');
  const { slots, bytes } = ROOM[name];
  const slot = Buffer.from(digest, 'base64url').readUInt32BE() % slots;
  return { slot: `cache:${name}:${slot}`, digest, bytes };
}

/**
 * The value under a key, made where it is not kept; asked for twice at once in this process it is made once.
 * The key holds all that the value depends on: nothing is ever deleted, what is out of date is not asked for again.
 * Without Redis every value is made.
 * @param keep whether a value may serve again
 */
export async function remember<T>(
  key: Key,
  ttlS: number,
  make: () => Promise<T>,
  keep: (value: T) => boolean = () => true,
): Promise<Kept<T>> {
  const running = underWay.get(key.digest) as Promise<Kept<T>> | undefined;
  if (running) return running;
  const begun = readOrMake(key, ttlS, make, keep).finally(() => underWay.delete(key.digest));
  underWay.set(key.digest, begun);
  return begun;
}

async function readOrMake<T>(
  { slot, digest, bytes }: Key,
  ttlS: number,
  make: () => Promise<T>,
  keep: (value: T) => boolean,
): Promise<Kept<T>> {
  const kept = await redis.get(slot).catch(() => null);
  if (kept?.startsWith(digest)) return { value: JSON.parse(kept.slice(digest.length)) as T, cached: true };
  const value = await make();
  const text = keep(value) ? `${digest}${JSON.stringify(value)}` : '';
  // Not waited for: whoever asks next asks behind it.
  if (text !== '' && Buffer.byteLength(text) <= bytes)
    void redis.set(slot, text, 'EX', ttlS).catch(() => null);
  return { value, cached: false };
}
