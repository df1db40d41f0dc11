import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Indexes what the retention looks for (db/functions/retention.sql, db/models/over.ts). Built beside the traffic. */
export const config = { transaction: false };

const INDEXES = {
  conversation_notes_by_time: 'conversation_notes (created_at)',
  sessions_uncut: `sessions (created_at) WHERE ip NOT LIKE '%/%'`,
};

export async function up(knex: Knex): Promise<void> {
  const statements = Object.entries(INDEXES).flatMap(([name, on]) => [
    `DROP INDEX CONCURRENTLY IF EXISTS ${name}`,
    `CREATE INDEX CONCURRENTLY ${name} ON ${on}`,
  ]);
  await patiently(knex, statements);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [`DROP INDEX IF EXISTS ${Object.keys(INDEXES).join(', ')}`]);
}
