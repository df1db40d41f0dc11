/**
 * Shows a growing text. When a new attempt repeats the shown text, nothing moves. When it differs, the terminal
 * is cleared and written again; a pipe gets the new text on a line of its own.
 */
export class Screen {
  #shown = '';

  show(text: string, final = false): void {
    if (text.startsWith(this.#shown)) this.#write(text.slice(this.#shown.length), text);
    else if (final || !this.#shown.startsWith(text)) {
      this.#clear();
      this.#write(text, text);
    }
  }

  #write(part: string, shown: string): void {
    process.stdout.write(part);
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
