import type { EmbeddingSet } from '../../db/models/embeddingSet.ts';
import { Breaker } from '../provider/breaker.ts';
import { cacheKey, type Key, readSlot, remember } from '../delivery/cache.ts';
import { log } from '../base/log.ts';
import { ProviderError } from '../provider/providerErrors.ts';
import { embedFor, mayAsk, remeasure } from './vectors.ts';

/** Ms that an answer waits for its question's vector. */
const DEADLINE = 2_500;
/** Seconds for which a vector is cached, for one user. */
const VECTOR_TTL = 3_600;
/** Failures in a row that stop the embedding of questions; first and longest stop, in ms. */
const BREAKER = [3, 5_000, 60_000] as const;
/** Errors that the text causes, not the model. */
const ABOUT_THE_TEXT = ['provider_rejected', 'context_length_exceeded'];

const breakers = new Map<string, Breaker>();

/** Begins to read a question's cached vector, so that `questionVector` need not. @returns null without one */
export function readVector(
  { user_id, text }: { user_id: number; text: string },
  set: EmbeddingSet,
): Promise<string | null> {
  return readSlot(keyOf(user_id, text, set));
}

/**
 * Embeds a user's question for a set.
 * @param read what `readVector` returned for it; absent: reads it
 * @returns the vector; null when the model gives none in time. The search then uses words only
 */
export async function questionVector(
  user_id: number,
  text: string,
  set: EmbeddingSet,
  read?: Promise<string | null>,
): Promise<number[] | null> {
  if (!mayAsk(set)) {
    log.warn(
      { model: set.name },
      'Question not embedded: no provider of that name is configured; searched by words',
    );
    return null;
  }
  let fresh: number[] | undefined;
  const make = async () => {
    fresh = await ask(text, set);
    return pack(fresh);
  };
  const made = remember(keyOf(user_id, text, set), VECTOR_TTL, make, undefined, read)
    .then(({ value }) => fresh ?? unpack(value))
    .catch((err: unknown) => missed(err, set));
  // A late call continues: its vector is cached for the next search, and an abort would disturb a loading model.
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), DEADLINE).unref();
  const first = await Promise.race([made, late.promise]);
  clearTimeout(timer);
  if (first !== 'late') return first;
  breakerOf(set).failed();
  log.warn({ model: set.name }, 'Question not embedded in time; searched by words');
  return null;
}

function keyOf(user_id: number, text: string, set: EmbeddingSet): Key {
  return cacheKey('vector', { user_id }, set.key, set.dimensions, set.query_prefix, text);
}

async function ask(text: string, set: EmbeddingSet): Promise<number[]> {
  const breaker = breakerOf(set);
  if (!breaker.mayAsk())
    throw new ProviderError('unavailable', 'breaker_open', 'The embedding model is not called for a while.');
  const began = performance.now();
  try {
    const vector = (await embedFor(set, [text], 'query'))[0] ?? [];
    if (vector.length !== set.dimensions) throw new OtherDimension(vector.length);
    // A late call already counted as a failure, so that nobody waits for a model that is always late.
    if (performance.now() - began < DEADLINE) breaker.succeeded();
    return vector;
  } catch (err) {
    if (err instanceof ProviderError && ABOUT_THE_TEXT.includes(err.code)) breaker.succeeded();
    else breaker.failed(err instanceof ProviderError ? err.retryAfterMs : 0);
    throw err;
  }
}

class OtherDimension extends Error {
  constructor(length: number) {
    super(`the model's vectors have ${length} numbers now`);
  }
}

function missed(err: unknown, set: EmbeddingSet): null {
  if (err instanceof OtherDimension) void remeasure(set);
  const left = err instanceof ProviderError && err.code === 'breaker_open';
  if (!left) log.warn({ err, model: set.name }, 'Question not embedded; searched by words');
  return null;
}

function breakerOf({ key }: EmbeddingSet): Breaker {
  const known = breakers.get(key);
  if (known !== undefined) return known;
  const made = new Breaker(...BREAKER, 'embedding');
  breakers.set(key, made);
  return made;
}

/** Encodes a vector in single precision, as pgvector stores it: 8 kB of text instead of 30. */
function pack(vector: number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString('base64');
}

function unpack(packed: string): number[] {
  return Array.from(new Float32Array(new Uint8Array(Buffer.from(packed, 'base64')).buffer));
}
