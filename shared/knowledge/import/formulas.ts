/**
 * What makes a spreadsheet compute a cell instead of showing it, wide forms included. Quotes before it count along, so
 * that the way back knows its own quote from those that were there.
 */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;

/** A cell that no spreadsheet takes for a formula: an apostrophe in front makes it text. `unescapeFormula` undoes it. */
export function escapeFormula(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

/** A cell as it was before `escapeFormula`; others stay as they are. */
export function unescapeFormula(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
