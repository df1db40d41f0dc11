import { type Copy, fold, unfolded } from './fold.ts';

/**
 * A text without what tells who wrote it: e-mail addresses, web addresses with a user's name, card and account
 * numbers, phone numbers. Rather too much than too little: what is left is shown to others.
 */
export function redact(text: string): string {
  const patterns = PATTERNS.map(([pattern, name]): [RegExp, string, LengthOf] => [pattern, name, whole]);
  return replaceAll(text, patterns, NOTHING);
}

/**
 * A model's text without personal data that it was not given to tell. Rather exact: dates, order numbers and sums
 * stay, card and account numbers go where their check digits are right.
 * @param known what may be said, from `personalIn`
 */
export function redactUnknown(text: string, known: ReadonlySet<string>): string {
  return replaceAll(text, EXACT, known);
}

/** The addresses and numbers in texts, in a form that tells equal ones. */
export function personalIn(texts: string[]): Set<string> {
  const copies = texts.flatMap((text) => COPIES.map((copyOf) => copyOf(text).text));
  return new Set(
    copies.flatMap((copy) => PATTERNS.flatMap(([pattern]) => (copy.match(pattern) ?? []).map(keyOf))),
  );
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * What is looked at: the text in plain typography, and as it is. A dash behind a letter may be part of a name and may
 * stand beside a number, so both are tried.
 */
const COPIES: ((text: string) => Copy)[] = [
  (text) => fold(text, true),
  (text) => fold(text, false),
  unfolded,
];
/** A text on its way, with the copies that were made of it. */
type Subject = { text: string; copies: Copy[] };

/** Replaces what the patterns find, one pattern after the other, each in every copy. */
function replaceAll(
  text: string,
  patterns: [RegExp, string, LengthOf][],
  known: ReadonlySet<string>,
): string {
  let subject: Subject = { text, copies: [] };
  for (const [pattern, name, lengthOf] of patterns)
    for (const [i, copyOf] of COPIES.entries()) {
      const copy = (subject.copies[i] ??= copyOf(subject.text));
      if (copy.text === subject.text && copyOf !== unfolded) continue;
      const unknown = [...placesOf(pattern, copy.text, lengthOf)].filter(
        ([start, end]) => !isKnown(keyOf(copy.text.slice(start, end)), known),
      );
      if (unknown.length > 0) subject = { text: replaceIn(subject.text, copy, unknown, name), copies: [] };
    }
  return subject.text;
}

function replaceIn(text: string, copy: Copy, places: [number, number][], name: string): string {
  let [safe, from] = ['', 0];
  for (const [start, end] of places) {
    const [begins, ends] = copy.placeOf(start, end);
    safe += `${text.slice(from, Math.max(from, begins))}${name}`;
    from = ends;
  }
  return safe + text.slice(from);
}

const AT_DOMAIN = String.raw`\s?(?:@|\[at\]|\(at\))\s?[\p{L}\p{N}-]+(?:(?:\.|\[dot\]|\(dot\))[\p{L}\p{N}-]+)+`;
/** Tried only where a word begins, or it takes time by the square of its length; so addresses in a row are one. */
const EMAIL = new RegExp(
  String.raw`(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+${AT_DOMAIN}(?:[._%+][\p{L}\p{N}._%+-]*${AT_DOMAIN})*`,
  'giu',
);
const ACCOUNT = /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b/gu;
const CARD = /(?<!\d)\d(?:[ .-]?\d){12,18}(?!\d)/gu;

/** In this order: an account number holds what looks like a phone number. */
const PATTERNS: [RegExp, string][] = [
  [EMAIL, '[e-mail]'],
  [ACCOUNT, '[account]'],
  [CARD, '[card]'],
  [/(?<![\p{L}\d])(?:\+|00)?\(?\d(?:[ ./()-]{0,2}\d){6,14}(?!\d)/gu, '[phone]'],
];

/** Phone numbers as people write them: with a country's code, with an area's that begins with 0, or as in America. */
const WRITTEN_PHONE = new RegExp(
  [
    String.raw`(?<![\p{L}\d.,:/-])(?:(?:\+|00)[1-9](?:[ ./()-]{0,2}\d){6,13}`,
    String.raw`(?!\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d))\(?0\d{1,5}\)?[ ./-]{0,3}\d(?:[ ./-]?\d){4,10}`,
    String.raw`\(\d{3}\) ?\d{3}[ -]\d{4}|\d{3}([-. ])\d{3}\1\d{4})(?!\d)`,
  ].join('|'),
  'gu',
);
/** How much of what a pattern found is real, from its beginning; 0: nothing. `again`: in what was found before. */
type LengthOf = (found: string, again: boolean) => number;

const whole: LengthOf = (found) => found.length;

const EXACT: [RegExp, string, LengthOf][] = [
  [EMAIL, '[e-mail]', whole],
  [ACCOUNT, '[account]', (found) => beginningsOf(found).find(isAccount)?.length ?? 0],
  [CARD, '[card]', cardLength],
  [WRITTEN_PHONE, '[phone]', whole],
];

/** Where in a text real ones stand, from the first to the last. */
function* placesOf(pattern: RegExp, text: string, lengthOf: LengthOf): Generator<[number, number]> {
  const search = new RegExp(pattern);
  let seen = 0;
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const [found, start] = [match[0], match.index];
    const length = lengthOf(found, start < seen);
    if (length > 0) yield [start, start + length];
    seen = Math.max(seen, start + found.length);
    // A number that is none, or the words behind a real one, may hold the beginning of another.
    search.lastIndex = start + (length || 1);
  }
}

/** A number and what it is without its last group, its last two … */
function beginningsOf(found: string): string[] {
  return [...found.matchAll(/[ .-]|$/g)].map(({ index }) => found.slice(0, index)).toReversed();
}

/**
 * Every tenth row of digits has a right check digit. So a part of one, unlike the whole, has to look like a card's
 * number as well: its first four digits stand together and are some issuer's.
 */
function cardLength(found: string, again: boolean): number {
  const card = beginningsOf(found).find(
    (part, i) => ((i === 0 && !again) || /^(?:2[2-7]|[3-6]\d)\d\d/.test(part)) && isCard(part),
  );
  return card?.length ?? 0;
}

/** An address in one spelling; of a number its digits, without zeros in front. */
function keyOf(found: string): string {
  const plain = found.toLowerCase().replaceAll(/\s/g, '');
  if (/[@[(][^\d]/.test(plain))
    return plain.replace(/\[at\]|\(at\)/, '@').replaceAll(/\[dot\]|\(dot\)/g, '..');
  return plain.replaceAll(/[^a-z\d]/g, '').replace(/^0+/, '');
}

/** The same number with and without its country's code is one number; of a long one also a part is known. */
function isKnown(key: string, known: ReadonlySet<string>): boolean {
  if (known.has(key)) return true;
  if (/^[a-z\d]{13,}$/.test(key) && [...known].some((one) => one.includes(key))) return true;
  if (!/^\d{6,}$/.test(key)) return false;
  return [...known].some((one) => /^\d{6,}$/.test(one) && (one.endsWith(key) || key.endsWith(one)));
}

/** Long enough, and with Luhn's check digit. */
function isCard(found: string): boolean {
  const digits = found.replaceAll(/\D/g, '');
  if (digits.length < 13) return false;
  const sum = [...digits].reduceRight((total, digit, i) => {
    const doubled = Number(digit) * ((digits.length - i) % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** ISO 13616, whose shortest has 15 characters: the country and check digits put last, letters as numbers, modulo 97. */
function isAccount(found: string): boolean {
  const plain = found.replaceAll(/[ -]/g, '');
  if (plain.length < 15) return false;
  const turned = plain.slice(4) + plain.slice(0, 4);
  const digits = turned.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}
