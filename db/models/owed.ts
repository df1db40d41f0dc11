import { rows } from '../sql.ts';
import type { Delivery } from './run.ts';

export async function markAnnounced(runId: number): Promise<void> {
  await rows(
    `UPDATE runs SET announced_at = clock_timestamp()
     WHERE id = :runId AND completed_at IS NOT NULL AND announced_at IS NULL`,
    { runId },
  );
}

/**
 * Owed: runs that need a live job. It skips runs queued within `graceMs`, whose sender may still be delivering
 * them. A lease that ran out needs no further grace.
 * @param afterId the last id of the previous batch
 */
export function runsToDeliver(afterId: number, limit: number, graceMs: number): Promise<Delivery[]> {
  return rows(
    `SELECT id AS run_id, generation, rank FROM runs
     WHERE status IN ('queued', 'in_progress') AND id > :afterId
       AND coalesce(lease_until, queued_at + :graceMs * interval '1 ms') < clock_timestamp()
     ORDER BY id LIMIT :limit`,
    { afterId, limit, graceMs },
  );
}

/** Raises the generation of runs that lost their delivery. Of two callers, one gets each run. */
export function nextGeneration(lost: Delivery[]): Promise<Delivery[]> {
  return rows(
    `UPDATE runs SET generation = runs.generation + 1 WHERE id IN (
       SELECT id FROM runs JOIN unnest(CAST(:ids AS bigint[]), CAST(:generations AS integer[])) AS lost (run_id, seen)
         ON id = run_id AND generation = seen AND status IN ('queued', 'in_progress')
       ORDER BY id FOR UPDATE OF runs SKIP LOCKED)
     RETURNING id AS run_id, generation, rank`,
    { ids: lost.map((run) => run.run_id), generations: lost.map((run) => run.generation) },
  );
}

/** Owed: ended runs whose terminal event was not announced within `graceMs`. */
export async function runsToAnnounce(limit: number, graceMs: number): Promise<number[]> {
  const owed = await rows<{ id: number }>(
    `SELECT id FROM runs WHERE completed_at IS NOT NULL AND announced_at IS NULL
       AND completed_at < clock_timestamp() - :graceMs * interval '1 ms' ORDER BY id LIMIT :limit`,
    { limit, graceMs },
  );
  return owed.map(({ id }) => id);
}

export type Debts = {
  waiting: number;
  queued: number;
  in_progress: number;
  unannounced: number;
  /** All FAQs, and those that lack vectors of their text by the model: the progress of embedding. */
  faqs: number;
  faqs_to_embed: number;
};

/** Counts the unfinished work by kind, for operators. @param model the wanted embedding model */
export async function debts(model: string): Promise<Debts> {
  const [counts] = await rows<Debts>(
    `SELECT count(*) FILTER (WHERE status = 'waiting') AS waiting, count(*) FILTER (WHERE status = 'queued') AS queued,
       count(*) FILTER (WHERE status = 'in_progress') AS in_progress,
       (SELECT count(*) FROM runs WHERE completed_at IS NOT NULL AND announced_at IS NULL) AS unannounced,
       0 AS faqs, 0 AS faqs_to_embed
     FROM runs WHERE status IN ('waiting', 'queued', 'in_progress')`,
  );
  if (counts === undefined) throw new Error('no counts');
  return { ...counts, ...(await embeddingDebts(model)) };
}

/** Counts all FAQs, and those with a vector that is missing, of an older text or of another model. */
export async function embeddingDebts(model: string): Promise<Pick<Debts, 'faqs' | 'faqs_to_embed'>> {
  const [counts] = await rows<Pick<Debts, 'faqs' | 'faqs_to_embed'>>(
    `SELECT (SELECT count(*) FROM faqs) AS faqs, (SELECT count(*) FROM (
       SELECT id FROM faqs WHERE question_text_hash IS DISTINCT FROM md5(question) OR answer_text_hash IS DISTINCT FROM md5(answer)
       UNION SELECT id FROM faqs WHERE question_embedding_model < :model OR question_embedding_model > :model
       UNION SELECT id FROM faqs WHERE answer_embedding_model < :model OR answer_embedding_model > :model) AS owed) AS faqs_to_embed`,
    { model },
  );
  if (counts === undefined) throw new Error('no counts');
  return counts;
}
