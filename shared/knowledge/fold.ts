/**
 * A copy of a text in plain typography, to search for patterns, and the way back: `rangeOf` returns the part of the text
 * that a part of the copy came from. That part begins and ends between characters, and includes invisible ones at its end.
 */
export type Copy = { text: string; rangeOf: (start: number, end: number) => [number, number] };

/**
 * Folds spaces, dashes, digits and letters to their plain forms (NFKC, and the digits of every script). Drops invisible
 * characters (`\p{Cf}`, variation selectors) and marks that no letter has. Keeps signs that no pattern asks for: the sign
 * beside a number decides whether it is one. Keeps raised and circled digits, which are footnotes.
 * @param dashesAfterLetters whether a dash after a letter becomes a hyphen too: in `Jean–Pierre` it is part of a name, in
 * `Tel–030` it is beside a number
 */
export function fold(text: string, dashesAfterLetters: boolean): Copy {
  if (PLAIN.test(text)) return unfolded(text);
  let copy = '';
  let afterLetter = false;
  const [starts, ends]: [number[], number[]] = [[], []];
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const plain = plainOf(cluster, dashesAfterLetters || !afterLetter);
    for (let i = 0; i < plain.length; i += 1) {
      starts.push(index);
      ends.push(index + cluster.length);
    }
    // A dropped character belongs to the part before it.
    if (plain === '' && ends.length > 0) ends[ends.length - 1] = index + cluster.length;
    copy += plain;
    if (plain !== '') afterLetter = /\p{L}$/u.test(plain);
  }
  return { text: copy, rangeOf: (start, end) => [starts[start] ?? text.length, ends[end - 1] ?? 0] };
}

export function unfolded(text: string): Copy {
  return { text, rangeOf: (start, end) => [start, end] };
}

const PLAIN = /^[\n\x20-\x7e]*$/;
/** A character with its marks and the invisible characters behind it. */
const CLUSTER = /[\s\S][\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]*/gu;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const SPACE = /^[\p{Zs}\t]$/u;
const DASH = /^[\p{Pd}\u2212\u02D7\u2043]$/u;
/** The characters that patterns ask for. */
const ASKED_FOR = /^(?:\p{L}+|[\p{Nd} .@+()/[\]%_-])$/u;

function plainOf(cluster: string, foldDash: boolean): string {
  if (cluster.length === 1 && PLAIN.test(cluster)) return cluster;
  const key = `${foldDash ? '-' : ''}${cluster}`;
  let plain = remembered.get(key);
  if (plain === undefined) {
    plain = folded(cluster, foldDash);
    if (remembered.size < MOST_REMEMBERED && cluster.length <= 2) remembered.set(key, plain);
  }
  return plain;
}

/** Caches folded characters: a text uses few, and folding one costs more than a look-up. */
const remembered = new Map<string, string>();
const MOST_REMEMBERED = 5_000;

function folded(cluster: string, foldDash: boolean): string {
  const shown = cluster.replace(INVISIBLE, '').normalize('NFC').replace(/\p{M}/gu, '');
  if (SPACE.test(shown)) return ' ';
  if (DASH.test(shown)) return foldDash ? '-' : shown;
  if (/\p{No}/u.test(shown)) return shown;
  const plain = shown.normalize('NFKC').replace(/\p{M}/gu, '');
  if (!ASKED_FOR.test(plain)) return shown;
  return /^\p{Nd}$/u.test(plain) ? digitOf(plain) : plain;
}

/** Returns the ASCII digit. The ten digits of a script have consecutive code points, zero first. */
function digitOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value);
}
