import { conceptOf, conceptsWithin, contentWords, isLight } from './words.ts';

/** Dimensions of text-embedding-3-small. */
export const DIMENSIONS = 1536;

/** Dimensions by model. */
export const NATURAL: Record<string, number> & { other: number } = {
  'nomic-embed-text': 768,
  'text-embedding-3-large': 3_072,
  other: DIMENSIONS,
};

// Trigrams make German compounds and misspellings match. A word's trigrams together weigh about a third of the word.
const TRIGRAMS_SHARE = 0.6;

/** How much a word of any question counts beside the thing that it is about, as in a real model. */
const LIGHT_SHARE = 0.5;
/** How much a word's meaning counts beside the word: texts in two languages come nearer, those in one language stay nearest. */
const CONCEPT_SHARE = 0.7;
/** The same of a part of a compound. */
const PART_SHARE = 0.45;

/**
 * Returns a deterministic vector: words and their letter trigrams hashed into 1536 signed dimensions, length 1. Texts
 * that share words are near; other similarity of meaning is lost.
 */
export function embed(text: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  for (const [word, times] of countOf(contentWords(text))) {
    const weight = (isLight(word) ? LIGHT_SHARE : 1) * (1 + 0.3 * Math.log(times));
    put(vector, `w:${word}`, weight);
    const concept = conceptOf(word);
    if (concept !== undefined) put(vector, `c:${concept}`, weight * CONCEPT_SHARE);
    else for (const part of conceptsWithin(word)) put(vector, `c:${part}`, weight * PART_SHARE);
    const trigrams = trigramsOf(word);
    for (const trigram of trigrams)
      put(vector, `t:${trigram}`, (weight * TRIGRAMS_SHARE) / Math.sqrt(trigrams.length));
  }
  return normalise(vector, text);
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

function countOf(words: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function trigramsOf(word: string): string[] {
  const padded = `_${word}_`;
  return Array.from({ length: padded.length - 2 }, (_, i) => padded.slice(i, i + 3));
}

function put(vector: Float32Array, feature: string, weight: number): void {
  const hash = fnv1a(feature);
  const at = (hash >>> 1) % DIMENSIONS;
  vector[at] = (vector[at] ?? 0) + (hash & 1 ? weight : -weight);
}

function normalise(vector: Float32Array, text: string): Float32Array {
  const length = Math.sqrt(cosine(vector, vector));
  // A text of stop words only needs a direction too: pgvector has no cosine for a zero vector.
  if (length === 0) vector[fnv1a(`empty:${text}`) % DIMENSIONS] = 1;
  else for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) / length;
  return vector;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
