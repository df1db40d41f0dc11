import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Names and titles from before hold one line, as new ones do (shared/base/oneLine.ts). Reads the tables once, beside the traffic;
 * hardly a row is written.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    `UPDATE users SET first_name = ${cleaned('first_name')}, last_name = ${cleaned('last_name')}
     WHERE ${holds('first_name')} OR ${holds('last_name')}`,
    `UPDATE conversations SET title = ${cleaned('title')} WHERE ${holds('title')}`,
  ]);
}

export async function down(): Promise<void> {}

const UNSEEN = '[\\u0001-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]';
const holds = (column: string) => `${column} ~ '${UNSEEN}'`;
const cleaned = (column: string) => `nullif(trim(regexp_replace(${column}, '${UNSEEN}+', ' ', 'g')), '')`;
