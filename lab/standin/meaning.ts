import { readFileSync } from 'node:fs';
import { LIGHT, withoutFillers } from '../../shared/knowledge/fillers.ts';
import { englishOf, plainLetters } from './german.ts';
import { readsGerman, stem, topicWords } from './words.ts';

/** Dimensions of a meaning. */
export const MEANINGS = 64;

/**
 * A word of a text as it is written, and in English, both for comparison; its vector, and how much it counts: frequent words
 * less, and words of any question half.
 */
export type Read = {
  word: string;
  english: readonly string[];
  vector: Float32Array | undefined;
  weight: number;
};

/** Returns the words of a text that say something, in their order: no stop words, no fillers, no directives in `[[…]]`. */
export function wordsOf(text: string): Read[] {
  const words = topicWords(withoutFillers(text)).map((word) => word.toLowerCase());
  const german =
    readsGerman(text) ?? words.some((word) => ranksOf(word).length === 0 && englishOf(word).length > 0);
  return words.map((word) => known(word, german));
}

/**
 * Returns about what a text is: the mean of the vectors of its words by their weights, length 1; undefined where no word is known.
 */
export function meaningOf(words: Read[]): Float32Array | undefined {
  const sum = new Float32Array(MEANINGS);
  for (const { vector, weight } of words) if (vector !== undefined) add(sum, vector, weight);
  return unit(sum);
}

/** Says whether two words are the same in English, or nearly: "buy" and "purchase". */
export function meanTheSame(a: Read, b: Read): boolean {
  if (a.word === b.word || a.english.some((word) => b.english.includes(word))) return true;
  const [one, other] = [a.vector, b.vector];
  if (one === undefined || other === undefined) return false;
  return one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0) >= SAME;
}
const SAME = 0.7;

const cached = new Map<string, Read>();
/** Words that are kept. */
const MOST = 5_000;

function known(word: string, german: boolean): Read {
  const key = german ? `${word} de` : word;
  const kept = cached.get(key);
  if (kept !== undefined) return kept;
  if (cached.size >= MOST) cached.clear();
  const read = lookUp(word, german);
  cached.set(key, read);
  return read;
}

function lookUp(word: string, german: boolean): Read {
  const translated = englishOf(word);
  const own = german && translated.length > 0 ? [] : ranksOf(word);
  const english = own.length > 0 || translated.length === 0 ? [word] : translated;
  const ranks = english.flatMap(ranksOf);
  const sum = new Float32Array(MEANINGS);
  for (const rank of ranks) add(sum, vectorAt(rank), 1);
  const weight = Math.min(1, ...ranks.map(rarity)) * (LIGHT.has(word) ? LIGHT_SHARE : 1);
  return { word: stem(word), english: english.map(stem), vector: unit(sum), weight };
}

/** How much a word of any question counts beside the thing that it is about, as in a real model. */
const LIGHT_SHARE = 0.5;

/** How much a word counts by its rank: a / (a + frequency), after Arora and others (2017); frequencies after Zipf. */
function rarity(rank: number): number {
  return A / (A + 1 / ((rank + 1) * HARMONIC));
}
const A = 5e-4;
/** The sum of 1/rank over the 400,000 words that were counted. */
const HARMONIC = 13.5;

/** Returns the rank of an English word, or of its base form; [] where it is unknown. */
function ranksOf(word: string): number[] {
  const plain = plainLetters(word);
  const { ranks } = table();
  const own = ranks.get(plain);
  if (own !== undefined) return [own];
  const forms = ENDINGS.map(([ending, base]) => ranks.get(plain.replace(ending, base)));
  return forms.filter((rank) => rank !== undefined).slice(0, 1);
}

const ENDINGS: [RegExp, string][] = [
  [/s$/, ''],
  [/es$/, ''],
  [/ed$/, ''],
  [/ed$/, 'e'],
  [/ing$/, ''],
  [/ing$/, 'e'],
  [/ly$/, ''],
];

function vectorAt(rank: number): Float32Array {
  const { numbers } = table();
  return unit(Float32Array.from(numbers.subarray(rank * MEANINGS, (rank + 1) * MEANINGS))) ?? EMPTY;
}
const EMPTY = new Float32Array(MEANINGS);

type Table = { ranks: Map<string, number>; numbers: Int8Array };
let read: Table | undefined;

/** Reads vectors.bin (makeVectors.ts) at the first word. */
function table(): Table {
  if (read !== undefined) return read;
  const file = readFileSync(new URL('vectors.bin', import.meta.url));
  const end = HEAD + file.readUInt32LE(0) * MEANINGS;
  const ranks = new Map<string, number>();
  for (const word of file.toString('latin1', end).split('\n')) ranks.set(word, ranks.size);
  read = { ranks, numbers: new Int8Array(file.buffer, file.byteOffset + HEAD, end - HEAD) };
  return read;
}
/** Bytes before the vectors: how many words and dimensions there are. */
const HEAD = 8;

function add(sum: Float32Array, vector: Float32Array, weight: number): void {
  for (let i = 0; i < MEANINGS; i++) sum[i] = (sum[i] ?? 0) + weight * (vector[i] ?? 0);
}

function unit(vector: Float32Array): Float32Array | undefined {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? undefined : vector.map((value) => value / length);
}
