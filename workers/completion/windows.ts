import { fold } from '../../shared/knowledge/fold.ts';

/** Characters held back at most without a sentence end; characters at which even half a number goes on. */
const LONGEST = 400;
const ENDLESS = 2 * LONGEST;
/** Characters inspected on either side of a possible cut: no number is longer. */
const TAIL = 100;

/**
 * Finds the cut in a growing text, so that the part before it can be checked by itself: after the last whole sentence.
 * Without a sentence, a long text is cut after a word. A possible address or number is held until it is complete.
 * @param stalled whether no text came for a while: a cut after a word is enough
 * @returns the position of the cut; 0: hold the text
 */
export function whereToCut(held: string, stalled = false): number {
  const sentence = lastOf(SENTENCE_END, held, endsApart);
  if (sentence > 0) return sentence;
  if (!stalled && held.length < LONGEST) return 0;
  const word = lastOf(GAP, held, wordsApart);
  if (word > 0 || held.length < ENDLESS) return word;
  return LONGEST;
}

const SENTENCE_END = /[.!?…]["'”’»)\]]*\s+|[。！？]\s*|\n\s*/gu;
const GAP = /\s+/gu;

function lastOf(pattern: RegExp, text: string, apart: (before: string, after: string) => boolean): number {
  const ends = [...text.matchAll(pattern)].map((match) => match.index + match[0].length);
  const plain = (from: number, to: number) => fold(text.slice(Math.max(0, from), to), true).text;
  return ends.findLast((end) => apart(plain(end - TAIL, end), plain(end, end + TAIL))) ?? 0;
}

/** Returns whether a sentence ends: "Call 030. 123" continues, "5. " may continue, "Done. " does not. */
function endsApart(before: string, after: string): boolean {
  if (/^(?:@|[[(](?:at|dot|$))/iu.test(after)) return false;
  if (!/\p{N}[.!?…"'”’»)\]\s]*$/u.test(before)) return true;
  return after !== '' && !/^[\p{N}+(]/u.test(after);
}

/** Returns whether the cut divides no number and no address. */
function wordsApart(before: string, after: string): boolean {
  const word = /\S+(?=\s*$)/u.exec(before)?.[0] ?? '';
  if (/[\p{N}@+]|^[A-Z]{1,4}$|[[(](?:at|dot)[\])]$/u.test(word)) return false;
  return after !== '' && !/^[@[(]/u.test(after);
}
