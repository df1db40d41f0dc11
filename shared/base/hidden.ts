import { createHmac, createSecretKey } from 'node:crypto';
import { env } from './env.ts';

/** The same in every process, and nowhere in Redis. */
const SECRET = createSecretKey([env.DATABASE_URL, env.REDIS_URL, env.OPENAI_API_KEY].join('\n'), 'utf8');

/**
 * Returns a digest that stands for a value in Redis, as base64url. Without the secret nobody finds the value, not even among
 * few.
 */
export function hidden(...parts: unknown[]): string {
  return createHmac('sha256', SECRET).update(JSON.stringify(parts)).digest('base64url');
}
