import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Housekeeping deletes what is over, in small batches (db/models/over.ts): an index finds each kind. They are built beside
 * what there is, outside a transaction, since `runs` may be large. What a broken try left behind is removed first.
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
