import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Finds replies that moved behind joined messages. Built beside the other statements, since `messages` may be large. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS messages_moved',
    `CREATE INDEX CONCURRENTLY messages_moved ON messages (conversation_id, shown_after) WHERE shown_after IS NOT NULL`,
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP INDEX IF EXISTS messages_moved']);
}
