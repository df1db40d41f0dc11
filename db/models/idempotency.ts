import { row } from '../sql.ts';
import type { Accepted, Refusal } from './run.ts';

/** What is stored under a user's idempotency key, as accept_message would answer it; undefined when nothing is. */
export function storedUnder(
  userId: number,
  key: string,
  hash: string,
): Promise<Accepted | { outcome: Refusal } | undefined> {
  return row(
    `SELECT CASE WHEN request_hash = :hash THEN 'replayed' ELSE 'idempotency_key_reused' END AS outcome,
       id AS run_id, conversation_id, message_id, reply_id, NULL AS next, CAST('{}' AS bigint[]) AS ended
     FROM runs WHERE user_id = :userId AND idempotency_key = :key
     UNION ALL
     SELECT CASE WHEN request_hash = :hash THEN 'replayed' ELSE 'idempotency_key_reused' END,
       NULL, m.conversation_id, m.id, NULL, NULL, CAST('{}' AS bigint[])
     FROM message_keys JOIN messages m ON m.id = message_id WHERE message_keys.user_id = :userId AND idempotency_key = :key`,
    { userId, key, hash },
  );
}

/** Returns how long ago a run was stored, or a message without one, in ms. */
export async function ageOf({ run_id, message_id }: Accepted): Promise<number> {
  const found = await row<{ age: number }>(
    `SELECT CAST(extract(epoch FROM clock_timestamp() - created_at) * 1000 AS float8) AS age FROM ${run_id === null ? 'messages' : 'runs'} WHERE id = :id`,
    { id: run_id ?? message_id },
  );
  return found?.age ?? 0;
}
