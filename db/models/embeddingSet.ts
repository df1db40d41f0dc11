import { row, rows } from '../sql.ts';

/** A set of vectors: those that one model made, the served ones or those that are to replace them. */
export type EmbeddingSet = {
  /** What `faq_vectors.model` says. */
  key: string;
  name: string;
  provider: string;
  model: string;
  /** Null until the model's first answer. */
  dimensions: number | null;
  /** What requests name; null: none. */
  dimensions_asked: number | null;
  query_prefix: string;
  document_prefix: string;
};
/** The model that the environment names. */
export type WantedModel = {
  name: string;
  provider: string;
  model: string;
  dimensions: number | null;
  queryPrefix: string;
  documentPrefix: string;
};

export const SET_COLUMNS = [
  'key',
  'name',
  'provider',
  'model',
  'dimensions',
  'dimensions_asked',
  'query_prefix',
  'document_prefix',
] as const satisfies (keyof EmbeddingSet)[];
const columns = SET_COLUMNS.join();

/**
 * Says that this process wants a model's set filled.
 * @returns the set that is filled: another's while a process with other settings is alive; paused: it is left alone for a while
 */
export async function wantSet({
  name,
  provider,
  model,
  dimensions,
  queryPrefix,
  documentPrefix,
}: WantedModel): Promise<EmbeddingSet & { paused: boolean }> {
  const set = await row<EmbeddingSet & { paused: boolean }>(
    `SELECT ${columns}, due_at > clock_timestamp() AS paused
     FROM want_embedding_set(:name, :provider, :model, CAST(:dimensions AS integer), :queryPrefix, :documentPrefix)`,
    { name, provider, model, dimensions, queryPrefix, documentPrefix },
  );
  if (set === undefined) throw new Error('no set');
  return set;
}

/** The sets whose texts are to have vectors: the one that is filled, then the served one, where it is another. */
export function setsToFill(): Promise<EmbeddingSet[]> {
  return rows(
    `SELECT ${columns} FROM embedding_models m
     WHERE m.key = filled_embedding_set() OR (m.key = serving_embedding_set() AND NOT m.in_columns)
     ORDER BY m.key = filled_embedding_set() DESC`,
  );
}

/** Looks through the next FAQs for what a set lacks. @returns whether there are more */
export async function fillSet(key: string, count: number): Promise<boolean> {
  return (
    (await row<{ more: boolean }>('SELECT fill_embedding_set(:key, :count) AS more', { key, count }))
      ?.more === true
  );
}

/** Serves a set instead of the one before, where it is whole. */
export async function switchTo(key: string): Promise<boolean> {
  return (
    (await row<{ switched: boolean }>('SELECT switch_embedding_set(:key) AS switched', { key }))?.switched ===
    true
  );
}

/** Takes away so many vectors of sets that nobody needs. @returns the sets that are gone */
export async function dropOldSets(count: number): Promise<string[]> {
  const gone = await rows<{ key: string }>('SELECT key FROM drop_embedding_sets(:count) AS key', { count });
  return gone.map(({ key }) => key);
}

/** Begins another set of the same model, whose answers have another dimension now. @returns whether it did */
export async function remeasureSet(key: string, dimensions: number): Promise<boolean> {
  const begun = await row<{ begun: boolean }>('SELECT remeasure_embedding_set(:key, :dimensions) AS begun', {
    key,
    dimensions,
  });
  return begun?.begun === true;
}

/**
 * Leaves a model alone that failed for whatever it was asked: 5 seconds, then 10, up to five minutes.
 * @param ms at least so long
 */
export async function pauseSet(key: string, ms: number): Promise<void> {
  await row(
    `UPDATE embedding_models SET failures = failures + 1, due_at = clock_timestamp()
       + greatest(CAST(:ms AS double precision), least(300000, 5000 * power(2, least(failures, 10)))) * interval '1 ms'
     WHERE key = :key`,
    { key, ms },
  );
}
