import { row, rows } from '../sql.ts';
import { type Tables, FOR_GOOD, operators } from '../personalData.ts';

/** A set of one model's vectors: the served set, or a set that will replace it. */
export type EmbeddingSet = {
  /** Value of `faq_vectors.model`. */
  key: string;
  name: string;
  provider: string;
  model: string;
  /** Null until the model's first answer. */
  dimensions: number | null;
  /** Dimensions that requests name; null: none. */
  dimensions_asked: number | null;
  query_prefix: string;
  document_prefix: string;
};
/** The environment's model. */
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
 * Requests that a model's set is filled.
 * @returns the set to fill: another model's while a process with other settings is alive. paused: do not call the model yet
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

/** Returns the served set, unless its model is left alone for a while. */
export function servedSet(): Promise<EmbeddingSet | undefined> {
  return row(
    `SELECT ${columns} FROM embedding_models m
     WHERE m.key = serving_embedding_set() AND m.due_at <= clock_timestamp()`,
  );
}

/** Returns the sets to embed texts for: the set that is filled, then the served set if it differs. */
export function setsToFill(): Promise<EmbeddingSet[]> {
  return rows(
    `SELECT ${columns} FROM embedding_models m
     WHERE m.key = filled_embedding_set() OR (m.key = serving_embedding_set() AND NOT m.in_columns)
     ORDER BY m.key = filled_embedding_set() DESC`,
  );
}

/** Searches the next FAQs for texts without a vector in a set. @returns whether more FAQs are left */
export async function fillSet(key: string, count: number): Promise<boolean> {
  return (
    (await row<{ more: boolean }>('SELECT fill_embedding_set(:key, :count) AS more', { key, count }))
      ?.more === true
  );
}

/** Serves a set instead of the present one, if it is complete. Returns whether the set is now served. */
export async function switchTo(key: string): Promise<boolean> {
  return (
    (await row<{ switched: boolean }>('SELECT switch_embedding_set(:key) AS switched', { key }))?.switched ===
    true
  );
}

/** Deletes up to `count` vectors of unused sets. @returns the deleted sets */
export async function dropOldSets(count: number): Promise<string[]> {
  const gone = await rows<{ key: string }>('SELECT key FROM drop_embedding_sets(:count) AS key', { count });
  return gone.map(({ key }) => key);
}

/** Begins a new set of a model with a changed dimension. @returns whether it began */
export async function remeasureSet(key: string, dimensions: number): Promise<boolean> {
  const begun = await row<{ begun: boolean }>('SELECT remeasure_embedding_set(:key, :dimensions) AS begun', {
    key,
    dimensions,
  });
  return begun?.begun === true;
}

/** Begins a new set of a model that was replaced by one of the same dimension. @returns whether it began */
export async function replaceSet(key: string): Promise<boolean> {
  const begun = await row<{ begun: boolean }>('SELECT replace_embedding_set(:key) AS begun', { key });
  return begun?.begun === true;
}

/**
 * Pauses calls of a model that failed for every text: 5 seconds, then 10, up to five minutes.
 * @param ms minimum pause
 */
export async function pauseSet(key: string, ms: number): Promise<void> {
  await row(
    `UPDATE embedding_models SET failures = failures + 1, due_at = clock_timestamp()
       + greatest(CAST(:ms AS double precision), least(300000, 5000 * power(2, least(failures, 10)))) * interval '1 ms'
     WHERE key = :key`,
    { key, ms },
  );
}

export const tables: Tables = {
  embedding_models: {
    purpose: 'search',
    kept: FOR_GOOD,
    bound: operators('one for each model'),
    erased: 'none',
    columns: {
      technical:
        'key name provider model dimensions dimensions_asked query_prefix document_prefix from_before in_columns filled_to filled_parts due_at failures wanted_at seen_at ready_at',
    },
  },
};
