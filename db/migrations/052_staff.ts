import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Finds agents and administrators, who are told of each conversation that waits for a person. Beside what there is. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS users_staff',
    `CREATE INDEX CONCURRENTLY users_staff ON users (id) WHERE role IN ('agent', 'admin')`,
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP INDEX IF EXISTS users_staff']);
}
