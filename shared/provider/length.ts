import { countTokens } from './tokens.ts';

/** Bytes that a token has at least, by and large. */
const BYTES_A_TOKEN = 4;

/** Tells when an answer is longer than it may be. Counts in earnest only where chunks or bytes suggest it. */
export class Length {
  readonly #limit: number;
  #text = '';
  #chunks = 0;
  #bytes = 0;
  #checkAt: number;

  constructor(limitTokens: number) {
    this.#limit = limitTokens;
    this.#checkAt = limitTokens;
  }

  /** Whether the text, with this piece, has reached the limit. */
  reachedBy(piece: string): boolean {
    this.#text += piece;
    this.#chunks += piece === '' ? 0 : 1;
    this.#bytes += Buffer.byteLength(piece);
    const guess = Math.max(this.#chunks, this.#bytes / BYTES_A_TOKEN);
    if (guess < this.#checkAt) return false;
    const tokens = countTokens(this.#text);
    this.#checkAt = guess + Math.max(this.#limit - tokens, this.#limit / 10);
    return tokens >= this.#limit;
  }
}
