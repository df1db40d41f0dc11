import { row, rows } from '../sql.ts';

/** Notes which trace a run belongs to, in the words of the W3C's `traceparent` header. */
export async function saveTraceparent(runId: number, traceparent: string): Promise<void> {
  await rows('UPDATE runs SET traceparent = :traceparent WHERE id = :runId', { runId, traceparent });
}

/** The trace a run belongs to; null where none was kept. */
export async function traceparentOf(runId: number): Promise<string | null> {
  const found = await row<{ traceparent: string | null }>('SELECT traceparent FROM runs WHERE id = :runId', {
    runId,
  });
  return found?.traceparent ?? null;
}
