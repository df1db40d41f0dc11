import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Finds vouched accounts, guests and what is theirs; then holds old accounts against the checks of 032. Outside a transaction and
 * beside what there is, since the tables may be large. What a broken try left behind is removed first.
 * `sessions_by_user` and `conversations_by_user` also serve the cascades of an erased account.
 */
export const config = { transaction: false };

const INDEXES = {
  users_external_key: ['UNIQUE INDEX', 'users (external_id) WHERE external_id IS NOT NULL'],
  users_guests: ['INDEX', `users (created_at) WHERE role = 'guest' AND status <> 'deleted'`],
  users_guests_left: ['INDEX', `users (id) WHERE role = 'guest' AND status = 'deleted'`],
  sessions_by_user: ['INDEX', 'sessions (user_id, last_used_at)'],
  conversations_by_user: ['INDEX', 'conversations (user_id)'],
} as const;

const CHECKS = ['role', 'external_id', 'contact_email', 'credentials'];

export async function up(knex: Knex): Promise<void> {
  const indexes = Object.entries(INDEXES).flatMap(([name, [kind, on]]) => [
    `DROP INDEX CONCURRENTLY IF EXISTS ${name}`,
    `CREATE ${kind.replace('INDEX', 'INDEX CONCURRENTLY')} ${name} ON ${on}`,
  ]);
  const checks = CHECKS.map((name) => `ALTER TABLE users VALIDATE CONSTRAINT users_${name}_check`);
  await patiently(knex, [...indexes, ...checks]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [`DROP INDEX IF EXISTS ${Object.keys(INDEXES).join(', ')}`]);
}
