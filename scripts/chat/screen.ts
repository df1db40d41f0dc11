import { visible } from '../services/visible.ts';

/**
 * Shows a growing text. When a new attempt repeats the shown text, nothing moves. When it differs, the terminal
 * is cleared and written again; a pipe gets the new text on a line of its own.
 */
export class Screen {
  readonly #out: (part: string) => void;
  #shown = '';

  constructor(out = (part: string) => void process.stdout.write(part)) {
    this.#out = out;
  }

  show(said: string, final = false): void {
    const text = visible(said);
    if (text.startsWith(this.#shown)) this.#write(text.slice(this.#shown.length), text);
    else if (final || !this.#shown.startsWith(text)) {
      this.#clear();
      this.#write(text, text);
    }
  }

  #write(part: string, shown: string): void {
    this.#out(part);
    this.#shown = shown;
  }

  #clear(): void {
    if (!process.stdout.isTTY) return void process.stdout.write('\n');
    const columns = process.stdout.columns || 80;
    const rows = this.#shown
      .split('\n')
      .reduce((sum, line) => sum + Math.ceil(Math.max(line.length, 1) / columns), 0);
    process.stdout.write(`\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}\x1b[J`);
  }
}
