import { stringify } from 'csv-stringify/sync';
import type { Ctx } from '../middleware/ctx.ts';
import { escapeFormula } from '../../shared/knowledge/import/formulas.ts';

type Value = string | number | Date | null | undefined;

/** Answers a table of stable columns, for spreadsheets: texts that could be formulas are escaped. */
export function answerCsv(ctx: Ctx, name: string, columns: readonly string[], table: Value[][]): void {
  ctx.type = 'text/csv';
  ctx.attachment(`${name}.csv`);
  const cells = table.map((line) => line.map(written));
  ctx.body = stringify([[...columns], ...cells], { bom: true, record_delimiter: 'windows' });
}

/** Answers objects of one kind as a table: a column for each field. */
export function answerList<Row extends Record<string, Value>>(
  ctx: Ctx,
  name: string,
  columns: readonly (keyof Row & string)[],
  list: Row[],
): void {
  answerCsv(
    ctx,
    name,
    columns,
    list.map((one) => columns.map((column) => one[column])),
  );
}

/** Returns the numbers and texts of a tree, each under its path: `totals.tokens.total`. */
export function leaves(tree: object, path = ''): [string, Value][] {
  return Object.entries(tree).flatMap(([name, value]): [string, Value][] => {
    const here = path === '' ? name : `${path}.${name}`;
    const inner = typeof value === 'object' && value !== null && !(value instanceof Date);
    return inner ? leaves(value as object, here) : [[here, value as Value]];
  });
}

function written(value: Value): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'number' ? String(value) : escapeFormula(value);
}
