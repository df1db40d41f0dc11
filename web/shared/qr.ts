/**
 * Draws a QR code (ISO/IEC 18004): bytes, error correction M, versions 1 to 15. Enough for the address that an authenticator
 * scans, and without a third party that would learn its secret.
 */

/** Of each version: error correction bytes of a block, and how many blocks, at level M. */
const BLOCKS: [number, number][] = [
  [10, 1],
  [16, 1],
  [26, 1],
  [18, 2],
  [24, 2],
  [16, 4],
  [18, 4],
  [22, 4],
  [22, 5],
  [26, 5],
  [30, 5],
  [22, 8],
  [22, 9],
  [24, 9],
  [24, 10],
];
/** The bits that name level M in the format information. */
const LEVEL_M = 0;
const MODE_BYTES = 4;

type Grid = { size: number; dark: boolean[][]; fixed: boolean[][] };

/** Returns the rows of the code of a text, true where a square is dark. @throws RangeError for a text that is too long */
export function qrCode(text: string): boolean[][] {
  const bytes = [...new TextEncoder().encode(text)];
  const version = 1 + BLOCKS.findIndex((_, i) => bitsOf(bytes, i + 1) <= capacity(i + 1) * 8);
  if (version === 0) throw new RangeError('too long for a QR code');
  const words = interleaved(padded(bytes, version), version);
  const drawn = Array.from({ length: 8 }, (_, mask) => draw(words, version, mask));
  return drawn.toSorted((a, b) => penalty(a) - penalty(b))[0] ?? [];
}

function countBits(version: number): number {
  return version < 10 ? 8 : 16;
}

function bitsOf(bytes: number[], version: number): number {
  return 4 + countBits(version) + bytes.length * 8;
}

/** Bits of a version that hold data or error correction. */
function rawBits(version: number): number {
  const squares = (16 * version + 128) * version + 64;
  if (version < 2) return squares;
  const marks = Math.floor(version / 7) + 2;
  return squares - ((25 * marks - 10) * marks - 55) - (version < 7 ? 0 : 36);
}

/** Bytes of data that a version holds. */
function capacity(version: number): number {
  const [correction, blocks] = BLOCKS[version - 1] ?? [0, 0];
  return Math.floor(rawBits(version) / 8) - correction * blocks;
}

function padded(bytes: number[], version: number): number[] {
  const bits = [
    ...binary(MODE_BYTES, 4),
    ...binary(bytes.length, countBits(version)),
    ...bytes.flatMap((byte) => binary(byte, 8)),
  ];
  const room = capacity(version) * 8;
  bits.push(...binary(0, Math.min(4, room - bits.length)));
  bits.push(...binary(0, (8 - (bits.length % 8)) % 8));
  const words = Array.from({ length: bits.length / 8 }, (_, i) =>
    bits.slice(i * 8, i * 8 + 8).reduce((sum, bit) => sum * 2 + bit, 0),
  );
  for (let pad = 0xec; words.length < room / 8; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

function binary(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => (value >> (length - 1 - i)) & 1);
}

/** Cuts data into blocks, adds their error correction, and mixes the blocks byte by byte. */
function interleaved(data: number[], version: number): number[] {
  const [correction, count] = BLOCKS[version - 1] ?? [0, 0];
  const raw = Math.floor(rawBits(version) / 8);
  const short = Math.floor(raw / count) - correction;
  const longFrom = count - (raw % count);
  const divisor = divisorOf(correction);
  let at = 0;
  const blocks = Array.from({ length: count }, (_, i) => {
    const part = data.slice(at, at + short + (i < longFrom ? 0 : 1));
    at += part.length;
    return { part, check: remainder(part, divisor) };
  });
  const words: number[] = [];
  for (let i = 0; i <= short; i++)
    for (const { part } of blocks) if (i < part.length) words.push(part[i] ?? 0);
  for (let i = 0; i < correction; i++) for (const { check } of blocks) words.push(check[i] ?? 0);
  return words;
}

/** Multiplies in the field of 256 that QR codes use. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

function divisorOf(degree: number): number[] {
  const result = [...Array<number>(degree - 1).fill(0), 1];
  let root = 1;
  for (let i = 0; i < degree; i++) {
    for (let j = 0; j < degree; j++) result[j] = times(result[j] ?? 0, root) ^ (result[j + 1] ?? 0);
    root = times(root, 2);
  }
  return result;
}

function remainder(data: number[], divisor: number[]): number[] {
  const result = Array<number>(divisor.length).fill(0);
  for (const byte of data) {
    const factor = byte ^ (result.shift() ?? 0);
    result.push(0);
    divisor.forEach((coefficient, i) => {
      result[i] = (result[i] ?? 0) ^ times(coefficient, factor);
    });
  }
  return result;
}

function draw(words: number[], version: number, mask: number): boolean[][] {
  const size = version * 4 + 17;
  const empty = () => Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  const grid: Grid = { size, dark: empty(), fixed: empty() };
  drawMarks(grid, version);
  drawFormat(grid, mask);
  drawVersion(grid, version);
  drawWords(grid, words);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      if (!at(grid.fixed, x, y) && masks(mask, x, y)) put(grid.dark, x, y, !at(grid.dark, x, y));
  return grid.dark;
}

function at(rows: boolean[][], x: number, y: number): boolean {
  return rows[y]?.[x] ?? false;
}

function put(rows: boolean[][], x: number, y: number, value: boolean): void {
  const row = rows[y];
  if (row !== undefined && x >= 0 && x < row.length) row[x] = value;
}

function fix(grid: Grid, x: number, y: number, dark: boolean): void {
  put(grid.dark, x, y, dark);
  put(grid.fixed, x, y, true);
}

/** Draws what a reader finds the code by: lines of timing, three corners, and smaller marks. */
function drawMarks(grid: Grid, version: number): void {
  const { size } = grid;
  for (let i = 0; i < size; i++) {
    fix(grid, 6, i, i % 2 === 0);
    fix(grid, i, 6, i % 2 === 0);
  }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    square(grid, [x, y], 4, (distance) => distance !== 2 && distance !== 4);
  const places = marksOf(version);
  const last = places.length - 1;
  places.forEach((x, i) =>
    places.forEach((y, j) => {
      const inCorner = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
      if (!inCorner) square(grid, [x, y], 2, (distance) => distance !== 1);
    }),
  );
}

function square(
  grid: Grid,
  [x, y]: [number, number],
  reach: number,
  dark: (distance: number) => boolean,
): void {
  for (let dy = -reach; dy <= reach; dy++)
    for (let dx = -reach; dx <= reach; dx++)
      if (x + dx >= 0 && x + dx < grid.size && y + dy >= 0 && y + dy < grid.size)
        fix(grid, x + dx, y + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))));
}

function marksOf(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const size = version * 4 + 17;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => size - 7 - (count - 2 - i) * step)];
}

function drawFormat(grid: Grid, mask: number): void {
  const { size } = grid;
  const value = (LEVEL_M << 3) | mask;
  let rest = value;
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((value << 10) | rest) ^ 0x5412;
  const bit = (i: number) => ((bits >> i) & 1) === 1;
  for (let i = 0; i <= 5; i++) fix(grid, 8, i, bit(i));
  fix(grid, 8, 7, bit(6));
  fix(grid, 8, 8, bit(7));
  fix(grid, 7, 8, bit(8));
  for (let i = 9; i < 15; i++) fix(grid, 14 - i, 8, bit(i));
  for (let i = 0; i < 8; i++) fix(grid, size - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i++) fix(grid, 8, size - 15 + i, bit(i));
  fix(grid, 8, size - 8, true);
}

function drawVersion(grid: Grid, version: number): void {
  if (version < 7) return;
  let rest = version;
  for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let i = 0; i < 18; i++) {
    const [a, b] = [grid.size - 11 + (i % 3), Math.floor(i / 3)];
    fix(grid, a, b, ((bits >> i) & 1) === 1);
    fix(grid, b, a, ((bits >> i) & 1) === 1);
  }
}

/** Writes the bits in columns of two, up and down, from the right. */
function drawWords(grid: Grid, words: number[]): void {
  const { size } = grid;
  let i = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++)
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
        if (at(grid.fixed, x, y) || i >= words.length * 8) continue;
        put(grid.dark, x, y, (((words[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) === 1);
        i += 1;
      }
  }
}

function masks(mask: number, x: number, y: number): boolean {
  const rules = [
    (x + y) % 2,
    y % 2,
    x % 3,
    (x + y) % 3,
    (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
    ((x * y) % 2) + ((x * y) % 3),
    (((x * y) % 2) + ((x * y) % 3)) % 2,
    (((x + y) % 2) + ((x * y) % 3)) % 2,
  ];
  return rules[mask] === 0;
}

/** Says how hard a code is to read: long runs, blocks, false corners, too much of one colour. */
function penalty(rows: boolean[][]): number {
  const size = rows.length;
  const columns = rows.map((_, x) => rows.map((row) => row[x] ?? false));
  const lines = [...rows, ...columns].map((line) => line.map(Number).join(''));
  let sum = 0;
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2;
    for (const _ of line.matchAll(/(?=10111010000|00001011101)/g)) sum += 40;
  }
  for (let y = 0; y + 1 < size; y++)
    for (let x = 0; x + 1 < size; x++) {
      const one = at(rows, x, y);
      const same = at(rows, x + 1, y) === one && at(rows, x, y + 1) === one && at(rows, x + 1, y + 1) === one;
      if (same) sum += 3;
    }
  const dark = rows.flat().filter(Boolean).length / (size * size);
  return sum + Math.floor(Math.abs(dark - 0.5) * 20) * 10;
}
