import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { folder } from './store.ts';

/**
 * Writes the ledger of erasures to BACKUP_DIR/ledger/erasures.jsonl, as `npm run erasures -- list` prints it. It grows only: a
 * database that lost entries, as after a restore, must not make it shorter.
 */
export async function writeLedger(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ receipt: string; pseudonym: string; requested_at: Date }>(
    'SELECT receipt, pseudonym, requested_at FROM erasures ORDER BY id',
  );
  const path = join(folder('ledger'), 'erasures.jsonl');
  const entries = new Map(readLedger(path).map((line) => [receiptOf(line), line]));
  for (const row of rows) entries.set(row.receipt, JSON.stringify(row));
  writeFileSync(`${path}.part`, [...entries.values(), ''].join('\n'), { mode: 0o600 });
  renameSync(`${path}.part`, path);
  return entries.size;
}

function readLedger(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

function receiptOf(line: string): string {
  return (JSON.parse(line) as { receipt: string }).receipt;
}
