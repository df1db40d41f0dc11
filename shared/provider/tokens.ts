import type { Tiktoken } from 'tiktoken';
import { lazily } from '../base/lazily.ts';

/**
 * Cuts long texts without breaks, which make byte-pair encoding superlinear: 50,000 × "x" takes minutes, 5,000 ×
 * "/\r\n" half a second. Letters and digits break at spaces; other characters do not.
 */
const UNBROKEN = /\S{256}(?=\S)|[^\p{L}\p{N}]{64}(?=[^\p{L}\p{N}])/gu;

/**
 * Encoding of current OpenAI chat models; close enough for other models, since the budget leaves slack. It takes 70 MiB, so
 * only a process that counts loads it.
 */
let encoding: Tiktoken | undefined;
function o200k(): Tiktoken {
  encoding ??= (lazily('tiktoken') as typeof import('tiktoken')).get_encoding('o200k_base');
  return encoding;
}

/** Returns a text's tokens; slightly more than the model counts where a text without breaks was cut. */
export function countTokens(text: string): number {
  return pieces(text).reduce((sum, piece) => sum + o200k().encode_ordinary(piece).length, 0);
}

/** Counts of repeated texts: system prompts, passages. */
const remembered = new Map<string, number>();
const REMEMBERED = 2_000;

/** Does what countTokens does, and remembers the count; for repeated texts. */
export function countTokensOnce(text: string): number {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const tokens = countTokens(text);
  const [oldest] = remembered.keys();
  if (remembered.size >= REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  remembered.set(text, tokens);
  return tokens;
}

/** Returns the longest beginning of a text with at most `limit` tokens. */
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

/** Decodes tokens. Drops an incomplete character at the end: a token may end inside a character. */
function decode(tokens: Uint32Array): string {
  return new TextDecoder().decode(o200k().decode(tokens)).replace(/\uFFFD+$/u, '');
}
