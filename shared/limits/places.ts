import { problem } from '../base/errors.ts';
import { rateLimited } from '../ops/metrics.ts';

/**
 * What one user may hold open on one replica. Each costs memory, and a stream a query in a second: a person with several
 * devices and a page for each of their conversations has a tenth of it. Exports and imports take long, and all of Postgres' time.
 */
const MOST = { stream: 50, socket: 200, export: 2, import: 5 };
/** What all users together may. */
const IN_ALL: Partial<Record<Kind, number>> = { export: 4, import: 10 };
const held = new Map<string, number>();

type Kind = keyof typeof MOST;
type Connection = { readonly destroyed: boolean; once: (event: 'close', left: () => void) => unknown };

/**
 * Takes one of a user's places for as long as a connection lives.
 * @throws Problem: `rate_limited` where the user has none left, `service_unavailable` where nobody has
 */
export function holdPlace(kind: Kind, userId: number, connection: Connection): void {
  // Whoever is gone already will not say so again.
  if (connection.destroyed) return;
  const [own, all] = [`${kind}:${userId}`, kind];
  if (countOf(own) >= MOST[kind]) {
    rateLimited.inc({ limit: `${kind}s` });
    throw problem('rate_limited', `There may be ${MOST[kind]} ${kind}s at a time`, { retryAfterS: 5 });
  }
  if (countOf(all) >= (IN_ALL[kind] ?? Number.POSITIVE_INFINITY))
    throw problem('service_unavailable', `Too many ${kind}s are under way`, { retryAfterS: 5 });
  for (const key of [own, all]) held.set(key, countOf(key) + 1);
  connection.once('close', () => [own, all].forEach(leave));
}

function countOf(key: string): number {
  return held.get(key) ?? 0;
}

function leave(key: string): void {
  const left = countOf(key) - 1;
  if (left <= 0) held.delete(key);
  else held.set(key, left);
}
