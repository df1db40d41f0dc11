import { createHmac } from 'node:crypto';
import { env } from '../base/env.ts';
import { redis } from './redis.ts';

/**
 * How many values of a kind Redis holds at most, and how large one may be. Redis evicts nothing, so each value has a slot
 * and replaces what was in it. Together they take 158 MiB at most (docs/operations.md).
 */
const ROOM = {
  search: { slots: 1_024, bytes: 64 * 1024 },
  vector: { slots: 4_096, bytes: 20 * 1024 },
  verdict: { slots: 8_192, bytes: 1024 },
  check: { slots: 4_096, bytes: 512 },
  queries: { slots: 2_048, bytes: 2 * 1024 },
};

/** Hides which texts share a slot. Otherwise a value's absence could show that somebody sent one of the others. */
const SECRET = [env.DATABASE_URL, env.REDIS_URL, env.OPENAI_API_KEY].join('\n');

/** The user whose value it is. Another user must not learn even that a value is kept. */
type Whose = { user_id: number };
/** The slot of a value, and the digest that tells it from other values of the slot. */
export type Key = { slot: string; digest: string; bytes: number };

const underWay = new Map<string, Promise<Kept<unknown>>>();
type Kept<T> = { value: T; cached: boolean };

/** Returns the key of a user's value: a hash of the parts, not readable in Redis. A new form of value needs a new name. */
export function cacheKey(name: keyof typeof ROOM, { user_id }: Whose, ...parts: unknown[]): Key {
  const hash = createHmac('sha256', SECRET).update(JSON.stringify([name, user_id, ...parts]));
  const digest = hash.digest('base64url');
  const { slots, bytes } = ROOM[name];
  const slot = Buffer.from(digest, 'base64url').readUInt32BE() % slots;
  return { slot: `cache:${name}:${slot}`, digest, bytes };
}

/**
 * Returns the value of a key, and makes it if it is not kept. Two calls at once in this process make it once. The key must
 * cover all that the value depends on, because nothing is ever deleted. Without Redis every value is made.
 * @param keep says whether a value may serve again
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
  // Redis runs SET before any later GET of this connection, so nothing waits for it.
  if (text !== '' && Buffer.byteLength(text) <= bytes)
    void redis.set(slot, text, 'EX', ttlS).catch(() => null);
  return { value, cached: false };
}
