/**
 * Matches a cell that a spreadsheet would compute, wide forms included. Also matches with quotes in front, so that
 * `unescapeFormula` removes only the quote that was added.
 */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;

/** Puts an apostrophe before a formula, so that spreadsheets show it as text. `unescapeFormula` undoes it. */
export function escapeFormula(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

/** Undoes `escapeFormula`. Other cells stay as they are. */
export function unescapeFormula(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
