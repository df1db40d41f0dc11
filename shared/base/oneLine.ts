/**
 * What a name must not hold: line breaks and other controls, and characters that turn the direction of the text around it.
 * Marks of direction (U+200E, U+200F) stay: names of several scripts need them.
 */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const GAPS = /[\s\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** Says whether a text may stand in a line with others. */
export function isOneLine(text: string): boolean {
  return !UNSEEN.test(text);
}

/** Returns a text as one line: white space, and what may not be in one, become single spaces. */
export function oneLine(text: string): string {
  return text.replace(GAPS, ' ').trim();
}
