import { ids, rows } from '../sql.ts';
import type { Delivery } from './run.ts';

/** Marks ended runs as announced. Waits for nobody: a run whose row is locked is left out, and announced again. */
export async function markAnnounced(runIds: number[]): Promise<void> {
  await rows(
    `WITH ended AS (
       SELECT id FROM runs WHERE id = ANY (CAST(:runIds AS bigint[])) AND completed_at IS NOT NULL AND announced_at IS NULL
       FOR NO KEY UPDATE SKIP LOCKED)
     UPDATE runs SET announced_at = clock_timestamp() FROM ended WHERE runs.id = ended.id`,
    { runIds },
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
export function runsToAnnounce(limit: number, graceMs: number): Promise<number[]> {
  return ids(
    `SELECT id FROM runs WHERE completed_at IS NOT NULL AND announced_at IS NULL
       AND completed_at < clock_timestamp() - :graceMs * interval '1 ms' ORDER BY id LIMIT :limit`,
    { limit, graceMs },
  );
}

export type Debts = {
  waiting: number;
  queued: number;
  in_progress: number;
  unannounced: number;
  /** Age in seconds of the oldest run that has not ended; 0: there is none. */
  oldest_s: number;
  /** Published FAQs, and how many of them lack vectors of their text. */
  faqs: number;
  faqs_to_embed: number;
};

/** Counts unfinished work by kind, for operators. @param embeds whether an embedding model is configured */
export async function debts(embeds: boolean): Promise<Debts> {
  const [counts] = await rows<Debts>(
    `SELECT count(*) FILTER (WHERE status = 'waiting') AS waiting, count(*) FILTER (WHERE status = 'queued') AS queued,
       count(*) FILTER (WHERE status = 'in_progress') AS in_progress,
       (SELECT count(*) FROM runs WHERE completed_at IS NOT NULL AND announced_at IS NULL) AS unannounced,
       coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_s,
       0 AS faqs, 0 AS faqs_to_embed
     FROM runs WHERE status IN ('waiting', 'queued', 'in_progress')`,
  );
  if (counts === undefined) throw new Error('no counts');
  return { ...counts, ...(await embeddingDebts(embeds)) };
}

/**
 * Counts published FAQs, and those that lack vectors in the set that is filled. FAQs that were not looked through yet count as
 * lacking.
 * @param embeds whether an embedding model is configured; without one nothing is owed
 */
export async function embeddingDebts(embeds: boolean): Promise<Pick<Debts, 'faqs' | 'faqs_to_embed'>> {
  const [counts] = await rows<Pick<Debts, 'faqs' | 'faqs_to_embed'>>(
    `WITH filled AS (SELECT * FROM embedding_models WHERE key = filled_embedding_set())
     SELECT (SELECT count(*) FROM faqs) AS faqs, CASE WHEN NOT CAST(:embeds AS boolean) THEN 0
       WHEN NOT EXISTS (SELECT FROM filled) THEN (SELECT count(*) FROM faqs)
       ELSE (SELECT count(DISTINCT o.faq_id) FROM faq_vectors_owed o JOIN filled m ON o.model = m.key
           WHERE m.filled_to IS NULL OR o.faq_id <= m.filled_to)
         + (SELECT count(*) FROM faqs f JOIN filled m ON f.id > m.filled_to) END AS faqs_to_embed`,
    { embeds },
  );
  if (counts === undefined) throw new Error('no counts');
  return counts;
}
