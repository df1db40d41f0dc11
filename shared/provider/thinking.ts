const OPEN = '<think>';
const CLOSE = '</think>';

/** Removes `<think>…</think>` from the start of an answer, however the pieces are cut. */
export class Thinking {
  #state: 'start' | 'thinking' | 'speaking' = 'start';
  #held = '';

  /** Takes the next piece. @returns the text to show now */
  next(piece: string): string {
    if (this.#state === 'speaking') return piece;
    this.#held += piece;
    if (this.#state === 'start') {
      const text = this.#held.trimStart();
      if (!text.startsWith(OPEN)) return OPEN.startsWith(text) ? '' : this.#speak(this.#held);
      this.#state = 'thinking';
    }
    const end = this.#held.indexOf(CLOSE);
    if (end < 0) {
      // The closing tag may continue in the next piece.
      this.#held = this.#held.slice(-CLOSE.length);
      return '';
    }
    const said = this.#held.slice(end + CLOSE.length).trimStart();
    // Line breaks before the answer belong to the thinking.
    if (said === '') {
      this.#held = CLOSE;
      return '';
    }
    return this.#speak(said);
  }

  /** Ends the answer. @returns held-back text that only looked like the start of a tag */
  end(): string {
    return this.#state === 'start' ? this.#speak(this.#held) : '';
  }

  get thought(): boolean {
    return this.#state === 'thinking' || this.#sawThinking;
  }

  #sawThinking = false;

  #speak(text: string): string {
    this.#sawThinking = this.#state === 'thinking';
    this.#state = 'speaking';
    this.#held = '';
    return text;
  }
}
