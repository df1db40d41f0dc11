import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Indexes each kind of expired row that housekeeping deletes in small batches (db/models/over.ts). The indexes
 * are built concurrently, outside a transaction, since `runs` may be large. An invalid index of a broken attempt
 * is removed first.
 */
export const config = { transaction: false };

const INDEXES = {
  refresh_tokens_over: 'refresh_tokens (expires_at)',
  sessions_over: 'sessions (expires_at)',
  password_resets_over: 'password_resets (expires_at)',
  runs_keys_over: 'runs (created_at) WHERE idempotency_key IS NOT NULL',
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
