/**
 * A text without what tells who wrote it: e-mail addresses, web addresses with a user's name, card and account
 * numbers, phone numbers. Rather too much than too little: what is left is shown to others.
 */
export function redact(text: string): string {
  return PATTERNS.reduce((left, [pattern, name]) => left.replace(pattern, name), text);
}

/** In this order: an account number holds what looks like a phone number. */
const PATTERNS: [RegExp, string][] = [
  [
    /[\p{L}\p{N}._%+-]+\s?(?:@|\[at\]|\(at\))\s?[\p{L}\p{N}-]+(?:(?:\.|\[dot\]|\(dot\))[\p{L}\p{N}-]+)+/giu,
    '[e-mail]',
  ],
  [/\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b/gu, '[account]'],
  [/(?<!\d)\d(?:[ .-]?\d){12,18}(?!\d)/gu, '[card]'],
  [/(?<![\p{L}\d])(?:\+|00)?\(?\d(?:[ ./()-]{0,2}\d){6,14}(?!\d)/gu, '[phone]'],
];
