const SEPARATORS = [',', ';', '\t', '|'];
/** The first line that Excel may write. It names the separator and belongs to no record. */
const SEP = /^"?sep=(.)"?[,;\t ]*$/i;
/** How many characters are searched for the header. */
const MAX_HEAD = 64 * 1024;

/** The separator of a CSV file, and its text. A line `sep=` is empty in the text, so line numbers stay the same. */
export type Dialect = { separator: string; text: AsyncGenerator<string> };

/**
 * Finds the separator of a CSV file: the separator that its first line names, or the one that finds the most of `columns`
 * in the header.
 */
export async function dialectOf(text: AsyncIterable<string>, columns: readonly string[]): Promise<Dialect> {
  const pieces = text[Symbol.asyncIterator]();
  let head = '';
  for (;;) {
    const { done, value } = await pieces.next();
    head += done ? '' : value;
    const found = separatorIn(head, done === true || head.length > MAX_HEAD, columns);
    if (found !== undefined) return { separator: found.separator, text: joined(found.head, pieces) };
  }
}

function separatorIn(head: string, isAll: boolean, columns: readonly string[]) {
  const lines = head.split(/(\r\n|\r|\n)/);
  const whole = isAll ? lines : lines.slice(0, -1);
  const at = whole.findIndex((line) => /[^\s,;|"]/.test(line));
  const line = whole[at];
  if (line === undefined) return isAll ? { separator: ',', head } : undefined;
  const named = SEP.exec(line)?.[1];
  if (named === undefined) return { separator: bestOf(line, columns), head };
  lines[at] = '';
  return { separator: named, head: lines.join('') };
}

function bestOf(header: string, columns: readonly string[]): string {
  const known = (separator: string) =>
    header.split(separator).filter((name) => columns.includes(nameOf(name))).length;
  return SEPARATORS.reduce((best, separator) => (known(separator) > known(best) ? separator : best));
}

/** Returns a column's name for comparison: `"Meta Title "` is meta_title. */
export function nameOf(cell: string): string {
  return cell.replace(/"/g, '').trim().toLowerCase().replace(/\s+/g, '_');
}

async function* joined(head: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  yield head;
  for (;;) {
    const { done, value } = await rest.next();
    if (done) return;
    yield value;
  }
}
