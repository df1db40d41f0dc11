import { MEANINGS, meaningOf, type Read, wordsOf } from './meaning.ts';

/** Dimensions of text-embedding-3-small. */
export const DIMENSIONS = 1536;

/** Dimensions by model. */
export const NATURAL: Record<string, number> & { other: number } = {
  'nomic-embed-text': 768,
  'text-embedding-3-large': 3_072,
  other: DIMENSIONS,
};

// Trigrams make German compounds and misspellings match. A word's trigrams together weigh a little more than the word.
const TRIGRAMS_SHARE = 1.2;
/** How much the English of a word counts beside the word: texts in two languages come nearer. */
const ENGLISH_SHARE = 0.65;
/** Share of meaning in a similarity. The rest is of words and letters, which tell names and misspelled words. */
const MEANING_SHARE = 0.45;

/**
 * Returns a deterministic vector of length 1: what a text is about in the first dimensions, and its words, their English and
 * their letter trigrams, hashed into the others.
 */
export function embed(text: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  const words = wordsOf(text);
  for (const { word, english, weight: once, times } of counted(words)) {
    const weight = once * (1 + 0.3 * Math.log(times));
    put(vector, `w:${word}`, weight);
    for (const one of english) put(vector, `e:${one}`, (weight * ENGLISH_SHARE) / Math.sqrt(english.length));
    const trigrams = trigramsOf(word);
    for (const trigram of trigrams)
      put(vector, `t:${trigram}`, (weight * TRIGRAMS_SHARE) / Math.sqrt(trigrams.length));
  }
  const meaning = meaningOf(words);
  normalise(vector, text, meaning === undefined ? 1 : 1 - MEANING_SHARE);
  for (const [i, value] of (meaning ?? []).entries()) vector[i] = value * Math.sqrt(MEANING_SHARE);
  return vector;
}

/** Returns the vector in another number of dimensions. Near vectors stay near. */
export function folded(vector: Float32Array, dimensions: number): Float32Array {
  if (dimensions === vector.length) return vector;
  const result = new Float32Array(dimensions);
  for (const [i, value] of vector.entries()) result[i % dimensions] = (result[i % dimensions] ?? 0) + value;
  return result;
}

/** Returns the cosine similarity of two vectors of length 1. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Returns each word once, and how often it stands there. */
function counted(words: Read[]): (Read & { times: number })[] {
  return [...Map.groupBy(words, ({ word }) => word).values()].flatMap((same) =>
    same.slice(0, 1).map((word) => ({ ...word, times: same.length })),
  );
}

function trigramsOf(word: string): string[] {
  const padded = `_${word}_`;
  return Array.from({ length: padded.length - 2 }, (_, i) => padded.slice(i, i + 3));
}

function put(vector: Float32Array, feature: string, weight: number): void {
  const hash = fnv1a(feature);
  const at = placeOf(hash);
  vector[at] = (vector[at] ?? 0) + (hash & 1 ? weight : -weight);
}

/** The first dimensions are those of meaning. */
function placeOf(hash: number): number {
  return MEANINGS + ((hash >>> 1) % (DIMENSIONS - MEANINGS));
}

/** Makes the square of a vector's length as large as is asked. */
function normalise(vector: Float32Array, text: string, square: number): void {
  const factor = Math.sqrt(square / cosine(vector, vector));
  // A text of stop words only needs a direction too: pgvector has no cosine for a zero vector.
  if (factor === Number.POSITIVE_INFINITY) vector[placeOf(fnv1a(`empty:${text}`))] = Math.sqrt(square);
  else for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) * factor;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
