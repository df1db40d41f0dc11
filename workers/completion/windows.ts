import { fold } from '../../shared/knowledge/fold.ts';

/** Characters that are held back at most while no sentence ends, and where even half a number is let go. */
const LONGEST = 400;
const ENDLESS = 2 * LONGEST;
/** Characters on either side of a place that are looked at to tell whether it is one to cut at: no number is longer. */
const TAIL = 100;

/**
 * Where a text that is still growing can be cut, so that what stands before the cut can be judged by itself: after its
 * last whole sentence; where there is none and much is held, after a word. Never within what may be an address or a
 * number: that is held until it is whole.
 * @param stalled nothing has come for a while: a whole word will do
 * @returns 0 while it should be held
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

/** "Call 030. 123" goes on, and "5. " may; "Done. " does not. */
function endsApart(before: string, after: string): boolean {
  if (/^(?:@|[[(](?:at|dot|$))/iu.test(after)) return false;
  if (!/\p{N}[.!?…"'”’»)\]\s]*$/u.test(before)) return true;
  return after !== '' && !/^[\p{N}+(]/u.test(after);
}

/** The word before the cut is no part of a number or an address, and no mark of an address follows. */
function wordsApart(before: string, after: string): boolean {
  const word = /\S+(?=\s*$)/u.exec(before)?.[0] ?? '';
  if (/[\p{N}@+]|^[A-Z]{1,4}$|[[(](?:at|dot)[\])]$/u.test(word)) return false;
  return after !== '' && !/^[@[(]/u.test(after);
}
