import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Brings older names and titles to one line, as new ones are (shared/base/oneLine.ts). Reads the tables once, beside the
 * traffic, in batches: few rows change, and no row is locked for long.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    inBatches('users', ['first_name', 'last_name']),
    inBatches('conversations', ['title']),
  ]);
}

export async function down(): Promise<void> {}

const UNSEEN = '[\\u0001-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]';
const holds = (column: string) => `${column} ~ '${UNSEEN}'`;
const cleaned = (column: string) => `nullif(trim(regexp_replace(${column}, '${UNSEEN}+', ' ', 'g')), '')`;

function inBatches(table: string, columns: string[]): string {
  return `
DO $$
DECLARE
  upto bigint := 0;
  last CONSTANT bigint := coalesce((SELECT max(id) FROM ${table}), 0);
BEGIN
  WHILE upto < last LOOP
    UPDATE ${table} SET ${columns.map((column) => `${column} = ${cleaned(column)}`).join()}
    WHERE id > upto AND id <= upto + 5000 AND (${columns.map(holds).join(' OR ')});
    upto := upto + 5000;
    COMMIT;
  END LOOP;
END $$`;
}
