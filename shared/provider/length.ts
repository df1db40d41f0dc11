import { countTokens } from './tokens.ts';

/** Usual minimum of bytes per token. */
const BYTES_A_TOKEN = 4;

/** Detects an answer over its limit. Counts tokens only when chunks or bytes suggest it. */
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

  /** Adds a piece. @returns whether the text has reached the limit */
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
