import type { Tables } from '../../db/personalData.ts';
import * as models from './tables.ts';

/**
 * The map of data: what the models say of their tables, by the table's name. Erasure and exports read it. `npm run write` makes
 * tables of docs/privacy.md and docs/operations.md from it. test/db/privacy.test.ts fails where a column is missing.
 */
export const personalData: Tables = Object.fromEntries(
  Object.values(models)
    .flatMap((tables) => Object.entries(tables))
    .toSorted(([a], [b]) => {
      if (a === b) throw new Error(`two models describe the table ${a}`);
      return a < b ? -1 : 1;
    }),
);

/** Returns the columns of a table that its owner may see: those of every kind but `secret`. */
export function shownColumns(table: string): string[] {
  const { secret: _, ...shown } = personalData[table]?.columns ?? {};
  return Object.values(shown).flatMap((names) => names.split(' '));
}

/** Tables whose rows an erasure removes after messages and conversations, with the column of the account's id. */
export const erasedTables: Record<string, string> = Object.fromEntries(
  Object.entries(personalData).flatMap(([table, { erased, owner }]) =>
    erased === 'account' && owner !== undefined && !['messages', 'conversations'].includes(table)
      ? [[table, owner]]
      : [],
  ),
);
