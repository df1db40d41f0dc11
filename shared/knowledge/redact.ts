import { type Copy, fold, unfolded } from './fold.ts';

/**
 * Returns a text without what identifies its writer: e-mail addresses, web addresses with a user's name, card and account
 * numbers, phone numbers. Removes too much rather than too little, because others see the rest.
 */
export function redact(text: string): string {
  const patterns = PATTERNS.map(([pattern, name]): [RegExp, string, LengthOf] => [pattern, name, whole]);
  return replaceAll(text, patterns, NOTHING);
}

/**
 * Returns a model's text without personal data that is not in `known`. Removes too little rather than too much: keeps
 * dates, order numbers and sums; removes card and account numbers only with right check digits.
 * @param known the addresses and numbers that may stay, from `personalIn`
 */
export function redactUnknown(text: string, known: ReadonlySet<string>): string {
  return replaceAll(text, EXACT, known);
}

/** Returns the addresses and numbers in texts, in a form in which equal ones are equal. */
export function personalIn(texts: string[]): Set<string> {
  const copies = texts.flatMap((text) => COPIES.map((copyOf) => copyOf(text).text));
  return new Set(
    copies.flatMap((copy) => PATTERNS.flatMap(([pattern]) => (copy.match(pattern) ?? []).map(keyOf))),
  );
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * The copies that are searched: the text in plain typography, and the text itself. A dash after a letter may be part of a
 * name or be beside a number, so both are tried.
 */
const COPIES: ((text: string) => Copy)[] = [
  (text) => fold(text, true),
  (text) => fold(text, false),
  unfolded,
];
/** A text between two replacements, with its copies. */
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
      const unknown = [...rangesOf(pattern, copy.text, lengthOf)].filter(
        ([start, end]) => !isKnown(keyOf(copy.text.slice(start, end)), known),
      );
      if (unknown.length > 0) subject = { text: replaceIn(subject.text, copy, unknown, name), copies: [] };
    }
  return subject.text;
}

function replaceIn(text: string, copy: Copy, ranges: [number, number][], name: string): string {
  let [safe, from] = ['', 0];
  for (const [start, end] of ranges) {
    const [begins, ends] = copy.rangeOf(start, end);
    safe += `${text.slice(from, Math.max(from, begins))}${name}`;
    from = ends;
  }
  return safe + text.slice(from);
}

const AT_DOMAIN = String.raw`\s?(?:@|\[at\]|\(at\))\s?[\p{L}\p{N}-]+(?:(?:\.|\[dot\]|\(dot\))[\p{L}\p{N}-]+)+`;
/** Begins only where a word begins, or it would take quadratic time. So addresses in a row are one match. */
const EMAIL = new RegExp(
  String.raw`(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+${AT_DOMAIN}(?:[._%+][\p{L}\p{N}._%+-]*${AT_DOMAIN})*`,
  'giu',
);
const ACCOUNT = /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b/gu;
const CARD = /(?<!\d)\d(?:[ .-]?\d){12,18}(?!\d)/gu;

/** The order matters: an account number contains what looks like a phone number. */
const PATTERNS: [RegExp, string][] = [
  [EMAIL, '[e-mail]'],
  [ACCOUNT, '[account]'],
  [CARD, '[card]'],
  [/(?<![\p{L}\d])(?:\+|00)?\(?\d(?:[ ./()-]{0,2}\d){6,14}(?!\d)/gu, '[phone]'],
];

/** Phone numbers as people write them: with a country code, with an area code that begins with 0, or as in America. */
const WRITTEN_PHONE = new RegExp(
  [
    String.raw`(?<![\p{L}\d.,:/-])(?:(?:\+|00)[1-9](?:[ ./()-]{0,2}\d){6,13}`,
    String.raw`(?!\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d))\(?0\d{1,5}\)?[ ./-]{0,3}\d(?:[ ./-]?\d){4,10}`,
    String.raw`\(\d{3}\) ?\d{3}[ -]\d{4}|\d{3}([-. ])\d{3}\1\d{4})(?!\d)`,
  ].join('|'),
  'gu',
);
/** Returns how many characters of a match are real, from its start; 0: none. `again`: it overlaps an earlier match. */
type LengthOf = (found: string, again: boolean) => number;

const whole: LengthOf = (found) => found.length;

const EXACT: [RegExp, string, LengthOf][] = [
  [EMAIL, '[e-mail]', whole],
  [ACCOUNT, '[account]', (found) => beginningsOf(found).find(isAccount)?.length ?? 0],
  [CARD, '[card]', cardLength],
  [WRITTEN_PHONE, '[phone]', whole],
];

function* rangesOf(pattern: RegExp, text: string, lengthOf: LengthOf): Generator<[number, number]> {
  const search = new RegExp(pattern);
  let seen = 0;
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const [found, start] = [match[0], match.index];
    const length = lengthOf(found, start < seen);
    if (length > 0) yield [start, start + length];
    seen = Math.max(seen, start + found.length);
    // Another number may begin inside a false match, or right after a real one.
    search.lastIndex = start + (length || 1);
  }
}

/** Returns a number, then the number without its last group, its last two groups, and so on. */
function beginningsOf(found: string): string[] {
  return [...found.matchAll(/[ .-]|$/g)].map(({ index }) => found.slice(0, index)).toReversed();
}

/**
 * Returns the length of a card number at the start of a match, or 0. Every tenth row of digits has a right check digit. So
 * a part of a match must also look like a card number: its first four digits are together and are an issuer's.
 */
function cardLength(found: string, again: boolean): number {
  const card = beginningsOf(found).find(
    (part, i) => ((i === 0 && !again) || /^(?:2[2-7]|[3-6]\d)\d\d/.test(part)) && isCard(part),
  );
  return card?.length ?? 0;
}

/** Returns an address in one spelling, or a number's digits without leading zeros. */
function keyOf(found: string): string {
  const plain = found.toLowerCase().replaceAll(/\s/g, '');
  if (/[@[(][^\d]/.test(plain))
    return plain.replace(/\[at\]|\(at\)/, '@').replaceAll(/\[dot\]|\(dot\)/g, '..');
  return plain.replaceAll(/[^a-z\d]/g, '').replace(/^0+/, '');
}

/** Says whether a number is known, with or without its country code. A part of a long known number is known too. */
function isKnown(key: string, known: ReadonlySet<string>): boolean {
  if (known.has(key)) return true;
  if (/^[a-z\d]{13,}$/.test(key) && [...known].some((one) => one.includes(key))) return true;
  if (!/^\d{6,}$/.test(key)) return false;
  return [...known].some((one) => /^\d{6,}$/.test(one) && (one.endsWith(key) || key.endsWith(one)));
}

/** Checks the length and Luhn's check digit. */
function isCard(found: string): boolean {
  const digits = found.replaceAll(/\D/g, '');
  if (digits.length < 13) return false;
  const sum = [...digits].reduceRight((total, digit, i) => {
    const doubled = Number(digit) * ((digits.length - i) % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** Checks an IBAN (ISO 13616; the shortest has 15 characters): country and check digits last, letters as numbers, modulo 97. */
function isAccount(found: string): boolean {
  const plain = found.replaceAll(/[ -]/g, '');
  if (plain.length < 15) return false;
  const turned = plain.slice(4) + plain.slice(0, 4);
  const digits = turned.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}
