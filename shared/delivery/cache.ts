import { hidden } from '../base/hidden.ts';
import type { Result } from 'ioredis';
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

/** The user whose value it is. Another user must not learn even that a value is kept. */
type Whose = { user_id: number };
/** The slot of a value, and the digest that tells it from other values of the slot. It begins with the owner's id. */
export type Key = { slot: string; digest: string; bytes: number };

const underWay = new Map<string, Promise<Kept<unknown>>>();
type Kept<T> = { value: T; cached: boolean };

/**
 * Returns the key of a user's value: a hash of the parts, not readable in Redis. It hides which texts share a slot: otherwise a
 * value's absence could show that somebody sent one of the others. A new form of value needs a new name.
 */
export function cacheKey(name: keyof typeof ROOM, { user_id }: Whose, ...parts: unknown[]): Key {
  const digest = hidden(name, user_id, ...parts);
  const { slots, bytes } = ROOM[name];
  const slot = Buffer.from(digest, 'base64url').readUInt32BE() % slots;
  return { slot: `cache:${name}:${slot}`, digest: `${ownerOf(user_id)}${digest}`, bytes };
}

/** Returns the part of a key that names the owner. It is plain, so that an erasure finds the values in any process. */
function ownerOf(userId: number): string {
  return `${userId}:`;
}

/** Removes a user's cached values. Looks at every slot, because no key names a user. @throws while Redis is away */
export async function forgetCachedOf(userId: number): Promise<void> {
  const owner = ownerOf(userId);
  for (const [name, { slots }] of Object.entries(ROOM))
    for (let from = 0; from < slots; from += LOOKED_AT) {
      const keys = Array.from(
        { length: Math.min(LOOKED_AT, slots - from) },
        (_, i) => `cache:${name}:${from + i}`,
      );
      await redis.forgetOwned(keys.length, ...keys, owner);
    }
}

/** Slots that one script looks at, so that Redis is held up for a moment only. */
const LOOKED_AT = 256;

// Looks and removes at once: between the two another user's value could take the slot.
redis.defineCommand('forgetOwned', {
  lua: `
for _, key in ipairs(KEYS) do
  if redis.call('GETRANGE', key, 0, #ARGV[1] - 1) == ARGV[1] then redis.call('UNLINK', key) end
end`,
});

declare module 'ioredis' {
  interface RedisCommander<Context> {
    forgetOwned(keys: number, ...args: string[]): Result<null, Context>;
  }
}

/** What a slot holds, or null; null while Redis is away. */
type Slot = Promise<string | null>;

/** Reads the slot of a key. Reads that begin together are one round trip. */
export function readSlot({ slot }: Key): Slot {
  return redis.get(slot).catch(() => null);
}

/**
 * Returns the value of a key, and makes it if it is not kept. Two calls at once in this process make it once. The key must
 * cover all that the value depends on, because nothing is ever deleted. Without Redis every value is made.
 * @param keep says whether a value may serve again
 * @param read the key's slot, where it was read already; absent: reads it
 */
export async function remember<T>(
  key: Key,
  ttlS: number,
  make: () => Promise<T>,
  keep: (value: T) => boolean = () => true,
  read?: Slot,
): Promise<Kept<T>> {
  const running = underWay.get(key.digest) as Promise<Kept<T>> | undefined;
  if (running) return running;
  const begun = readOrMake(key, ttlS, make, keep, read).finally(() => underWay.delete(key.digest));
  underWay.set(key.digest, begun);
  return begun;
}

async function readOrMake<T>(
  key: Key,
  ttlS: number,
  make: () => Promise<T>,
  keep: (value: T) => boolean,
  read: Slot = readSlot(key),
): Promise<Kept<T>> {
  const { slot, digest, bytes } = key;
  const kept = await read;
  if (kept?.startsWith(digest)) return { value: JSON.parse(kept.slice(digest.length)) as T, cached: true };
  const value = await make();
  const text = keep(value) ? `${digest}${JSON.stringify(value)}` : '';
  // Redis runs SET before any later GET of this connection, so nothing waits for it.
  if (text !== '' && Buffer.byteLength(text) <= bytes)
    void redis.set(slot, text, 'EX', ttlS).catch(() => null);
  return { value, cached: false };
}
