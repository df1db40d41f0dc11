import { row, rows } from '../sql.ts';

/** Stores the trace that a run belongs to, as a W3C `traceparent` header. */
export async function saveTraceparent(runId: number, traceparent: string): Promise<void> {
  await rows('UPDATE runs SET traceparent = :traceparent WHERE id = :runId', { runId, traceparent });
}

/** Returns the trace that a run belongs to; null when none was stored. */
export async function traceparentOf(runId: number): Promise<string | null> {
  const found = await row<{ traceparent: string | null }>('SELECT traceparent FROM runs WHERE id = :runId', {
    runId,
  });
  return found?.traceparent ?? null;
}
