import { readFileSync } from 'node:fs';

/**
 * Returns English words for a German one in lower case: those of its base form, or those of the parts of a compound. Returns []
 * where the list has none. Diacritics may be missing, or be written as two letters.
 */
export function englishOf(word: string): readonly string[] {
  const [exact, plain] = [word.replaceAll('ß', 'ss'), plainLetters(word)];
  return meantBy(exact) ?? meantBy(plain) ?? meantBy(plain.replace(/([aou])e/g, '$1')) ?? partsOf(plain);
}

/** Returns the letters that count: lower case, without diacritics, `ß` as `ss`. */
export function plainLetters(text: string): string {
  return text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss');
}

let read: Map<string, string[]> | undefined;

/** Reads german.txt at the first German word. */
function listed(): Map<string, string[]> {
  if (read !== undefined) return read;
  read = new Map();
  const lines = readFileSync(new URL('german.txt', import.meta.url), 'utf8').split('\n');
  for (const entry of lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(';'))) {
    const [german = '', english = ''] = entry.split('=');
    const meant = english.trim().split(/\s+/).filter(Boolean);
    for (const word of german
      .replaceAll('ß', 'ss')
      .split(',')
      .map((one) => one.trim())) {
      // A word of two senses means a little of each.
      read.set(word, [...new Set([...(read.get(word) ?? []), ...meant])]);
    }
  }
  for (const [word, meant] of read) if (!read.has(plainLetters(word))) read.set(plainLetters(word), meant);
  return read;
}

/** Returns what an inflected word means, also where its prefix is unknown. */
function meantBy(word: string): string[] | undefined {
  return firstOf(formsOf(word));
}

/** Returns what an inflected word means by its base form. */
function baseOf(word: string): string[] | undefined {
  return firstOf(withoutEnding(word));
}

function firstOf(forms: Iterable<string>): string[] | undefined {
  for (const form of forms) {
    const meant = listed().get(form);
    if (meant !== undefined) return meant;
  }
  return undefined;
}

/** Yields what may be the base form of a word, the likeliest first. */
function* formsOf(word: string): Generator<string> {
  yield* withoutEnding(word);
  // ab-ge-hol-t, ab-zu-hol-en
  const within = PARTICIPLE.exec(word);
  if (within !== null) yield* withoutEnding((within[1] ?? '') + (within[2] ?? ''));
  const rest = PREFIX.exec(word)?.[1];
  if (rest !== undefined) yield* withoutEnding(rest);
  if (rest !== undefined && rest.startsWith('ge')) yield* withoutEnding(rest.slice(2));
}

function* withoutEnding(word: string): Generator<string> {
  yield word;
  for (const ending of ENDINGS) {
    const base = word.slice(0, -ending.length);
    if (!word.endsWith(ending) || base.length < 3) continue;
    yield base;
    yield `${base}en`;
    yield `${base}n`;
    yield `${base}e`;
  }
}

const ENDINGS =
  'e n en s es er em t te st et ten tet ete eten est ste sten ere eren erer eres end ende enden ender in innen chen ern ene enen ener ung ungen bar los'.split(
    ' ',
  );
const PREFIXES =
  'ab|an|auf|aus|bei|durch|ein|fest|fort|heraus|herein|herunter|her|hinein|hinaus|hinter|hin|los|mit|nach|nieder|raus|rein|rum|runter|rauf|um|unter|uber|voraus|vorbei|vor|weiter|weg|wieder|zuruck|zusammen|zu';
const PARTICIPLE = new RegExp(`^(${PREFIXES}|)(?:ge|zu)(.{3,})$`);
const PREFIX = new RegExp(`^(?:${PREFIXES})(.{4,})$`);

/** Letters of the shortest part of a compound, and of one that counts although the other part is unknown. */
const PART = 3;
const ALONE = 6;

/** Returns what the parts of a compound mean, the last part first: it says what the thing is. */
function partsOf(word: string): string[] {
  for (let at = PART; at <= word.length - PART; at++) {
    const [head, tail] = [headOf(word.slice(0, at)), baseOf(word.slice(at))];
    if (head !== undefined && tail !== undefined) return [...tail, ...head];
  }
  for (let at = PART; at <= word.length - ALONE; at++) {
    const tail = baseOf(word.slice(at));
    if (tail !== undefined) return tail;
  }
  for (let end = word.length - PART; end >= ALONE; end--) {
    const head = headOf(word.slice(0, end));
    if (head !== undefined) return head;
  }
  return [];
}

/** Returns what the first part of a compound means, with or without the letters that join it: Arbeit-s, Wohnung-s, Kind-er. */
function headOf(part: string): string[] | undefined {
  const known = firstOf([part, `${part}e`, `${part}en`, `${part}n`]);
  if (known !== undefined) return known;
  for (const joint of JOINTS) {
    const base = part.slice(0, -joint.length);
    if (part.endsWith(joint) && base.length >= PART && listed().has(base)) return listed().get(base);
  }
  // Three parts: Kranken-haus-kosten.
  for (let at = part.length - PART; at >= PART; at--) {
    const [first, second] = [listed().get(part.slice(0, at)), listed().get(part.slice(at))];
    if (first !== undefined && second !== undefined) return [...second, ...first];
  }
  return undefined;
}

const JOINTS = ['s', 'n', 'en', 'es', 'er', 'e'];
