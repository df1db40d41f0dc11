/** Columns of a line of prose. A longer word, such as a link, has a line of its own. */
const WIDTH = 120;
/** What begins a block that stays as it is: a table, a heading, a quotation, HTML, a picture. */
const KEPT = /^\s*(\||#|>|<|!\[)/;
const ITEM = /^(\s*)([-*]|\d+\.) +/;
/** Pieces that a line does not break: code, the address of a link, a word. */
const PIECES = /(?:`[^`]*`|\]\([^)]*\)|\S)+/g;
/** A word that would begin an item, a heading, a quotation or a table at the start of a line. */
const MARK = /^([-*+]|#+|=+|\d+[.)])$|^[>|]/;

/** The beginning of code without a fence: it looks like the next paragraph of an item. */
const INDENTED = /^ {4,}\S/;

/**
 * Wraps the prose of a Markdown page at 120 columns. Tables, fenced code, headings and HTML stay as they are.
 * @throws Error for code without a fence
 */
export function wrapProse(page: string): string {
  const wrapped: string[] = [];
  let prose: string[] = [];
  let fenced = false;
  const end = () => {
    wrapped.push(...wrap(prose));
    prose = [];
  };
  for (const line of page.split('\n')) {
    const fence = /^\s*```/.test(line);
    if (fenced || fence || line.trim() === '' || KEPT.test(line)) {
      end();
      wrapped.push(line);
      if (fence) fenced = !fenced;
      continue;
    }
    if (ITEM.test(line)) end();
    else if (prose.length === 0 && INDENTED.test(line)) throw new Error(`code needs a fence: ${line.trim()}`);
    prose.push(line);
  }
  end();
  return wrapped.join('\n');
}

/** Wraps a paragraph or an item. The lines after the first of an item begin below its text. */
function wrap([first, ...rest]: string[]): string[] {
  if (first === undefined) return [];
  const [, indent = /^\s*/.exec(first)?.[0] ?? '', mark] = ITEM.exec(first) ?? [];
  const begin = mark === undefined ? indent : `${indent}${mark} `;
  const text = [first.slice(mark === undefined ? 0 : begin.length), ...rest]
    .map((line) => line.trim())
    .join(' ');
  const lines: string[] = [];
  let line = begin;
  for (const word of text.match(PIECES) ?? []) {
    const empty = line.trim() === begin.trim();
    if (!empty && line.length + 1 + word.length > WIDTH && !MARK.test(word)) {
      lines.push(line);
      line = ' '.repeat(begin.length) + word;
    } else line += empty && line === begin ? word : ` ${word}`;
  }
  return [...lines, line];
}
