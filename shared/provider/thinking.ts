const OPEN = '<think>';
const CLOSE = '</think>';

/** Takes `<think>…</think>` from the start of an answer, however it is cut into pieces. */
export class Thinking {
  #state: 'start' | 'thinking' | 'speaking' = 'start';
  #held = '';

  /** Takes the next piece. @returns what may be shown of all so far that was not shown yet */
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
      // The end may lie in what is still to come.
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

  /** What is left when nothing more comes: the beginning of a tag that was none. */
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
