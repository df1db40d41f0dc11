import { row } from '../sql.ts';
import type { Accepted, Refusal } from './run.ts';

/** Returns what is stored under a user's idempotency key, as accept_message would answer it; undefined when nothing is. */
export function storedUnder(
  userId: number,
  key: string,
  hash: string,
): Promise<Accepted | { outcome: Refusal } | undefined> {
  return row('SELECT * FROM stored_under(:userId, :key, :hash)', { userId, key, hash });
}

/** Returns how long ago a message or its run was stored, whichever came last, in ms: one may be older than the request. */
export async function ageOf({
  run_id,
  message_id,
}: Pick<Accepted, 'run_id' | 'message_id'>): Promise<number> {
  const found = await row<{ age: number }>(
    `SELECT CAST(extract(epoch FROM clock_timestamp() - max(created_at)) * 1000 AS float8) AS age FROM (
       SELECT created_at FROM runs WHERE id = :run_id UNION ALL SELECT created_at FROM messages WHERE id = :message_id) AS stored`,
    { run_id, message_id },
  );
  return found?.age ?? 0;
}
