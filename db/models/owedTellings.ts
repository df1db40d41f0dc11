import { rows } from '../sql.ts';

/**
 * What people and other systems are still owed. `late_s`: for how many seconds the oldest of it has been due; 0: nothing is
 * due.
 */
export type Owed = { what: 'notification' | 'push' | 'mail' | 'webhook'; owed: number; late_s: number };

/** Counts at most ten thousand of each: beyond them the number says nothing new. */
const MOST = 10_000;

const counted = (what: Owed['what'], due: string, from: string) => `
  SELECT '${what}' AS what, count(*) AS owed, greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(due)), 0))::float8 AS late_s
  FROM (SELECT ${due} AS due FROM ${from} ORDER BY ${due} LIMIT ${MOST}) AS first`;

/** Counts what is owed by notifications, pushes, mails and webhooks. */
export function countOwed(): Promise<Owed[]> {
  return rows(
    [
      counted('notification', 'due_at', 'notifications WHERE due_at IS NOT NULL'),
      counted('push', 'push_due_at', 'notifications WHERE push_due_at IS NOT NULL'),
      counted('mail', 'due_at', 'mails WHERE due_at IS NOT NULL'),
      counted('webhook', 'not_before', `webhook_deliveries WHERE status = 'pending'`),
    ].join(' UNION ALL '),
  );
}
