import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { env } from '../base/env.ts';

/** A secret of JWT_SECRET, and its name in tokens: the first 64 bits of its hash. */
export type Key = { kid: string; secret: KeyObject };

export function signingKey(): Key {
  return keyOf(env.JWT_SECRET[0]!);
}

/** Returns the keys that may have signed a token: the key that its header names, or all keys if it names none. */
export function keysNamed(header: { kid?: unknown }): Key[] {
  const keys = env.JWT_SECRET.map(keyOf);
  return 'kid' in header ? keys.filter(({ kid }) => kid === header.kid) : keys;
}

const made = new Map<string, Key>();

/** Returns the key of a secret. Caches it: making a key costs more than using it. */
function keyOf(secret: string): Key {
  let key = made.get(secret);
  if (key === undefined) {
    const kid = createHash('sha256').update(secret).digest('hex').slice(0, 16);
    key = { kid, secret: createSecretKey(Buffer.from(secret)) };
    made.set(secret, key);
  }
  return key;
}
