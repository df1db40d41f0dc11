import { problem } from '../../shared/base/errors.ts';
import { rateLimited } from '../../shared/ops/metrics.ts';

/**
 * Connections that one user may hold open on one replica. Each costs memory, and a stream a query in a second: a person
 * with several devices and a page for each of their conversations has a tenth of it.
 */
const MOST = { stream: 50, socket: 200 };
const held = new Map<string, number>();

type Connection = { readonly destroyed: boolean; once: (event: 'close', left: () => void) => unknown };

/** Takes one of a user's places for as long as a connection lives. Throws `rate_limited` where there is none. */
export function holdPlace(kind: keyof typeof MOST, userId: number, connection: Connection): void {
  // Whoever is gone already will not say so again.
  if (connection.destroyed) return;
  const key = `${kind}:${userId}`;
  const count = held.get(key) ?? 0;
  if (count >= MOST[kind]) {
    rateLimited.inc({ limit: `${kind}s` });
    throw problem('rate_limited', `There may be ${MOST[kind]} ${kind}s at a time`, { retryAfterS: 5 });
  }
  held.set(key, count + 1);
  connection.once('close', () => leave(key));
}

function leave(key: string): void {
  const left = (held.get(key) ?? 1) - 1;
  if (left === 0) held.delete(key);
  else held.set(key, left);
}
