/**
 * A text without what tells who wrote it: e-mail addresses, web addresses with a user's name, card and account
 * numbers, phone numbers. Rather too much than too little: what is left is shown to others.
 */
export function redact(text: string): string {
  return PATTERNS.reduce((left, [pattern, name]) => left.replace(pattern, name), text);
}

/**
 * A model's text without personal data that it was not given to tell. Rather exact: dates, order numbers and sums
 * stay, card and account numbers go where their check digits are right.
 * @param known what may be said, from `personalIn`
 */
export function redactUnknown(text: string, known: ReadonlySet<string>): string {
  return EXACT.reduce(
    (left, [pattern, name, real]) =>
      left.replace(pattern, (found) => (!real(found) || isKnown(keyOf(found), known) ? found : name)),
    text,
  );
}

/** The addresses and numbers in texts, in a form that tells equal ones. */
export function personalIn(texts: string[]): Set<string> {
  return new Set(
    texts.flatMap((text) => PATTERNS.flatMap(([pattern]) => (text.match(pattern) ?? []).map(keyOf))),
  );
}

const EMAIL =
  /[\p{L}\p{N}._%+-]+\s?(?:@|\[at\]|\(at\))\s?[\p{L}\p{N}-]+(?:(?:\.|\[dot\]|\(dot\))[\p{L}\p{N}-]+)+/giu;
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
const EXACT: [RegExp, string, (found: string) => boolean][] = [
  [EMAIL, '[e-mail]', () => true],
  [ACCOUNT, '[account]', isAccount],
  [CARD, '[card]', isCard],
  [WRITTEN_PHONE, '[phone]', () => true],
];

/** An address in one spelling; of a number its digits, without zeros in front. */
function keyOf(found: string): string {
  const plain = found.toLowerCase().replaceAll(/\s/g, '');
  if (/[@[(][^\d]/.test(plain))
    return plain.replace(/\[at\]|\(at\)/, '@').replaceAll(/\[dot\]|\(dot\)/g, '.');
  return plain.replaceAll(/[^a-z\d]/g, '').replace(/^0+/, '');
}

/** The same number with and without its country's code is one number. */
function isKnown(key: string, known: ReadonlySet<string>): boolean {
  if (known.has(key)) return true;
  if (!/^\d{6,}$/.test(key)) return false;
  return [...known].some((one) => /^\d{6,}$/.test(one) && (one.endsWith(key) || key.endsWith(one)));
}

/** Luhn's check digit. */
function isCard(found: string): boolean {
  const digits = found.replaceAll(/\D/g, '');
  const sum = [...digits].reduceRight((total, digit, i) => {
    const doubled = Number(digit) * ((digits.length - i) % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** ISO 13616: the country and check digits put last, letters as numbers, modulo 97. */
function isAccount(found: string): boolean {
  const plain = found.replaceAll(/[ -]/g, '');
  const turned = plain.slice(4) + plain.slice(0, 4);
  const digits = turned.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}
