import type { WordForm } from '../../db/models/faqSearch.ts';

/** Words of a text that are looked at, and unknown ones that are compared with the vocabulary. */
const MOST_WORDS = 48;
const MOST_UNKNOWN = 8;
/** Forms of one word. */
const MOST_FORMS = 3;
const MOST_COMPOUNDS = 5;
/** A word shorter than this is left alone. Below SHORT only letters may be swapped; from LONG on two mistakes are forgiven. */
const SHORTEST = 3;
const SHORT = 4;
const LONG = 8;
/** Up to this length a wrong letter makes another everyday word. */
const SLIPS = 6;
/** Letters of a part of a compound, and of the part that is left. */
const PART = 4;
const REST = 3;
/** How much a part of a compound counts. */
const COMPOUND = 0.6;

/** The words of the knowledge base, ready for comparison. */
export type Vocabulary = {
  /** Words as they are written, in lower case. */
  words: Set<string>;
  /** The written words of a folded one. */
  written: Map<string, string[]>;
  /** Folded words by length, and which letters each has. */
  byLength: Map<number, { words: string[]; letters: number[] }>;
};

export function emptyVocabulary(): Vocabulary {
  return { words: new Set(), written: new Map(), byLength: new Map() };
}

export function addWord(vocabulary: Vocabulary, word: string): void {
  if (vocabulary.words.has(word)) return;
  vocabulary.words.add(word);
  const plain = folded(word);
  const same = vocabulary.written.get(plain);
  if (same !== undefined) {
    same.push(word);
    return;
  }
  vocabulary.written.set(plain, [word]);
  const alike = vocabulary.byLength.get(plain.length);
  if (alike === undefined)
    vocabulary.byLength.set(plain.length, { words: [plain], letters: [lettersIn(plain)] });
  else {
    alike.words.push(plain);
    alike.letters.push(lettersIn(plain));
  }
}

/** Returns a word's letters as a set of bits. A mistake changes two of them at most. */
function lettersIn(word: string): number {
  let letters = 0;
  for (let i = 0; i < word.length; i++) letters |= 1 << (word.charCodeAt(i) & 31);
  return letters;
}

/** Returns the number of bits, after the parallel count of Hacker's Delight. */
function bitsOf(set: number): number {
  let n = set - ((set >>> 1) & 0x5555_5555);
  n = (n & 0x3333_3333) + ((n >>> 2) & 0x3333_3333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/**
 * Finds words of the knowledge base that stand for words of a text: the same without accents, one or two typing mistakes
 * away (a missing, additional, wrong or swapped letter), or a part of a compound. A known word is never mended.
 */
export function formsOf(text: string, vocabulary: Vocabulary): WordForm[] {
  const words = [...new Set(text.toLowerCase().match(/\p{L}[\p{L}\p{M}]*/gu) ?? [])].slice(0, MOST_WORDS);
  const forms: WordForm[] = [];
  let unknown = 0;
  for (const word of words) {
    const plain = folded(word);
    if (plain.length < SHORTEST || plain.length > 40) continue;
    if (!vocabulary.words.has(word)) {
      unknown += 1;
      if (unknown <= MOST_UNKNOWN) forms.push(...mended(word, plain, vocabulary));
    }
    forms.push(...compounds(word, plain, vocabulary));
  }
  return forms;
}

/**
 * Writes everyday words as they are meant: "waht" of "waht is in the cabins" would weigh more than any other word, because no FAQ
 * holds it. Leaves alone what may as well be a word of the knowledge base.
 */
export function mendEveryday(text: string, everyday: Vocabulary, known: Vocabulary): string {
  let left = MOST_UNKNOWN;
  return text.replace(/\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)*/gu, (word) => {
    const plain = folded(word);
    if (left === 0 || plain.length < SHORTEST || plain.length > 40) return word;
    if (known.written.has(plain) || everyday.written.has(plain)) return word;
    const [meant] = slipsOf(plain, everyday);
    if (meant === undefined) return word;
    left -= 1;
    const own = slipsOf(plain, known).filter((near) => !everyday.written.has(near));
    return own.length > 0 ? word : (everyday.written.get(meant)?.[0] ?? word);
  });
}

/**
 * Returns the words that an unknown one hardly differs from: each begins alike, and is one mistake away. A short word has lost a
 * letter or swapped two: with a wrong or additional one it may be another word (Mann and kann, Milch and mich).
 */
function slipsOf(plain: string, vocabulary: Vocabulary): string[] {
  return nearest(plain, vocabulary)
    .filter(({ near, mistakes }) => mistakes === 1 && near[0] === plain[0])
    .map(({ near }) => near)
    .filter((near) => plain.length > SLIPS || near.length > plain.length || isSwapped(plain, near));
}

/** Says whether two words begin alike and have the same letters. */
function isSwapped(word: string, other: string): boolean {
  return word[0] === other[0] && [...word].sort().join() === [...other].sort().join();
}

function mended(word: string, plain: string, vocabulary: Vocabulary): WordForm[] {
  const found = nearest(plain, vocabulary);
  return found.slice(0, MOST_FORMS).flatMap(({ near, mistakes }) =>
    (vocabulary.written.get(near) ?? []).map((as) => ({
      word,
      as,
      weight: weightOf(mistakes, plain.length),
      mends: true,
    })),
  );
}

/** Returns how much a mended form counts: one letter of four makes another word (wine, wipe), one of ten hardly does. */
function weightOf(mistakes: number, letters: number): number {
  return 1 - (1.5 * mistakes) / letters;
}

/** Returns the folded words with the fewest mistakes, and no others. */
function nearest(plain: string, { written, byLength }: Vocabulary): { near: string; mistakes: number }[] {
  if (written.has(plain)) return [{ near: plain, mistakes: 0 }];
  let most = plain.length < LONG ? 1 : 2;
  let found: string[] = [];
  const letters = lettersIn(plain);
  for (const length of lengthsNear(plain.length, most)) {
    if (length < Math.min(SHORT, plain.length)) continue;
    const alike = byLength.get(length);
    for (const [i, candidate] of (alike?.words ?? []).entries()) {
      // Hardly any word has nearly the same letters: of thirty thousand, some hundred are compared.
      if (bitsOf((alike?.letters[i] ?? 0) ^ letters) > 2 * most) continue;
      const mistakes = distance(plain, candidate, most);
      if (mistakes > most || (plain.length < SHORT && !isSwapped(plain, candidate))) continue;
      // Two mistakes at once are seldom in the first letter.
      if (mistakes === 2 && candidate[0] !== plain[0]) continue;
      if (mistakes < most) found = [];
      most = mistakes;
      found.push(candidate);
    }
  }
  return found.map((near) => ({ near, mistakes: most }));
}

function lengthsNear(length: number, most: number): number[] {
  return most === 1
    ? [length, length - 1, length + 1]
    : [length, length - 1, length + 1, length - 2, length + 2];
}

/** Returns the parts that the knowledge base knows of a compound, and its compounds that begin or end with the word. */
function compounds(word: string, plain: string, { words, written, byLength }: Vocabulary): WordForm[] {
  const found: string[] = [];
  if (!words.has(word)) {
    const lengths = range(PART, plain.length - REST).reverse();
    const known = (part: string) => written.has(part);
    const last = lengths.map((length) => plain.slice(-length)).find(known);
    const first = lengths.map((length) => plain.slice(0, length)).find(known);
    found.push(...[last, first].filter((part) => part !== undefined));
  }
  if (plain.length > PART) {
    const longer = [...byLength.keys()]
      .filter((length) => length >= plain.length + PART)
      .sort((a, b) => a - b);
    const holders = longer.flatMap((length) =>
      (byLength.get(length)?.words ?? []).filter((one) => one.endsWith(plain) || one.startsWith(plain)),
    );
    found.push(...holders.slice(0, MOST_COMPOUNDS));
  }
  return found.flatMap((part) =>
    (written.get(part) ?? []).map((as) => ({ word, as, weight: COMPOUND, mends: false })),
  );
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

/** Folds a word: without accents, and with the letters that have no accent to lose written in ASCII. */
export function folded(word: string): string {
  return word
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøłđð]/g, (letter) => PLAIN[letter] ?? letter);
}

const PLAIN: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd' };

/**
 * Returns the number of mistakes between two words (Damerau-Levenshtein, adjacent letters); more than `most`: any number above
 * it.
 */
export function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let [before, last, now]: [number[], number[], number[]] = [[], range(0, b.length), []];
  for (let i = 1; i <= a.length; i += 1) {
    now = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (now[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      now.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    [before, last] = [last, now];
  }
  return last[b.length] ?? 0;
}
