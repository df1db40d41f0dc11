import { replaceSealed, type SealedColumn, sealedPage } from '../../db/models/sealed.ts';
import { isCurrent, seal, unseal } from '../base/secretBox.ts';
import { killPoint } from '../ops/killpoint.ts';
import { personalData } from './map.ts';

const PAGE = 500;

/**
 * What became of the secrets of a table. `current`: sealed under the first key before. `unreadable`: no configured key opens
 * them.
 */
export type Rotated = { table: string; sealed: number; current: number; unreadable: number };
type Sealed = SealedColumn & { prefix: string; newest?: true };

/** The columns with sealed secrets, as the map of personal data names them. */
export const sealedColumns: Sealed[] = Object.entries(personalData).flatMap(([table, { sealed }]) =>
  sealed === undefined ? [] : [{ table, ...sealed }],
);

/**
 * Seals every secret anew that is not sealed under the first key, one by one. May be killed at any time and run again, also
 * beside processes that seal and open secrets.
 * @param look only counts
 */
export async function rotateKeys(look = false): Promise<Rotated[]> {
  const done: Rotated[] = [];
  for (const column of sealedColumns) done.push(await rotateColumn(column, look));
  return done;
}

async function rotateColumn(column: Sealed, look: boolean): Promise<Rotated> {
  const counts = { table: column.table, sealed: 0, current: 0, unreadable: 0 };
  for (let after = 0; ; ) {
    const page = await sealedPage(column, after, PAGE);
    for (const row of page) {
      after = row.id;
      const label = `${column.prefix}:${row.label}`;
      const secret = opened(row.sealed, label);
      // Nobody opens an older one any more.
      if (column.newest) counts.unreadable = 0;
      if (secret === undefined) counts.unreadable += 1;
      else if (isCurrent(row.sealed)) counts.current += 1;
      else if (look || (await replaceSealed(column, row, seal(secret, label)))) counts.sealed += 1;
      killPoint('keys.sealed', row.id);
    }
    if (page.length < PAGE) return counts;
  }
}

function opened(sealed: string, label: string): string | undefined {
  try {
    return unseal(sealed, label);
  } catch {
    return undefined;
  }
}
