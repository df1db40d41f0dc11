import { get_encoding, type Tiktoken } from 'tiktoken';

/**
 * Longer unbroken runs make byte-pair encoding superlinear (50,000 × "x" takes minutes, 5,000 × "/\r\n" half a
 * second): they are cut up first. Letters and digits break at spaces; the rest may run on across them.
 */
const UNBROKEN = /\S{256}(?=\S)|[^\p{L}\p{N}]{64}(?=[^\p{L}\p{N}])/gu;

/** The encoding of current OpenAI chat models; close enough for others, since the budget leaves slack. */
let encoding: Tiktoken | undefined;
function o200k(): Tiktoken {
  encoding ??= get_encoding('o200k_base');
  return encoding;
}

/** How many tokens a text has; a little more than the model counts where an unbroken run was cut up. */
export function countTokens(text: string): number {
  return pieces(text).reduce((sum, piece) => sum + o200k().encode_ordinary(piece).length, 0);
}

/** Counts of texts that come again and again: system prompts, passages. */
const remembered = new Map<string, number>();
const REMEMBERED = 2_000;

/** As countTokens, for a text of ours that is likely to be counted again. */
export function countTokensOnce(text: string): number {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const tokens = countTokens(text);
  const [oldest] = remembered.keys();
  if (remembered.size >= REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  remembered.set(text, tokens);
  return tokens;
}

/** The longest beginning of a text that has at most `limit` tokens. */
export function truncateTokens(text: string, limit: number): string {
  let kept = '';
  let left = limit;
  for (const piece of pieces(text)) {
    const tokens = o200k().encode_ordinary(piece);
    if (tokens.length > left) return kept + decode(tokens.slice(0, left));
    kept += piece;
    left -= tokens.length;
  }
  return kept;
}

function pieces(text: string): string[] {
  const cuts = [...text.matchAll(UNBROKEN)].map((match) => match.index + match[0].length);
  return [0, ...cuts].map((start, i) => text.slice(start, cuts[i] ?? text.length));
}

/** A token may end inside a character; what is left of it is dropped. */
function decode(tokens: Uint32Array): string {
  return new TextDecoder().decode(o200k().decode(tokens)).replace(/\uFFFD+$/u, '');
}
