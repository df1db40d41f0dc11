import { rows } from '../sql.ts';

/** A column with secrets that the application encrypts. `id` names a row, `label` the column that a secret's label ends with. */
export type SealedColumn = { table: string; column: string; id: string; label: string };
export type SealedRow = { id: number; label: number; sealed: string };

/** Returns a page of sealed secrets after an id. The names come from the map of personal data, never from outside. */
export function sealedPage(
  { table, column, id, label }: SealedColumn,
  afterId: number,
  limit: number,
): Promise<SealedRow[]> {
  return rows(
    `SELECT ${id} AS id, ${label} AS label, ${column} AS sealed FROM ${table} WHERE ${id} > :afterId ORDER BY ${id} LIMIT :limit`,
    { afterId, limit },
  );
}

/** Replaces a sealed secret, unless it was changed meanwhile. Returns whether it was the one. */
export async function replaceSealed(
  { table, column, id: key }: SealedColumn,
  { id, sealed }: SealedRow,
  anew: string,
): Promise<boolean> {
  const replaced = await rows(
    `UPDATE ${table} SET ${column} = :anew WHERE ${key} = :id AND ${column} = :sealed RETURNING ${key}`,
    { id, sealed, anew },
  );
  return replaced.length > 0;
}
