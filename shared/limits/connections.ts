import { problem } from '../base/errors.ts';
import { rateLimited } from '../ops/metrics.ts';

/**
 * How many connections one user may hold open on one replica. Each costs memory, and a stream also a query each second. A
 * person with several devices and a page for each conversation uses a tenth. Exports and imports take long and keep
 * Postgres busy.
 */
const MOST = { stream: 50, socket: 200, export: 2, archive: 2, import: 5 };
/** How many all users together may hold open. */
const IN_ALL: Partial<Record<Kind, number>> = { export: 4, archive: 20, import: 10 };
const held = new Map<string, number>();

type Kind = keyof typeof MOST;
type Connection = { readonly destroyed: boolean; once: (event: 'close', left: () => void) => unknown };

/**
 * Counts a connection as its user's until it closes.
 * @throws Problem `rate_limited` if the user has too many; `service_unavailable` if all users together have too many
 */
export function limitConnections(kind: Kind, userId: number, connection: Connection): void {
  // A destroyed connection emits no further 'close'.
  if (connection.destroyed) return;
  const [own, all] = [`${kind}:${userId}`, kind];
  if (countOf(own) >= MOST[kind]) {
    rateLimited.inc({ limit: `${kind}s` });
    throw problem('rate_limited', `At most ${MOST[kind]} ${kind}s are allowed at a time`, { retryAfterS: 5 });
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
