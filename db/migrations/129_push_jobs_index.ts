import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Finds the users with a push to make, and each user's next one; beside the traffic, as 061. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS notifications_to_push',
    'CREATE INDEX CONCURRENTLY notifications_to_push ON notifications (user_id, push_due_at) WHERE push_due_at IS NOT NULL',
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP INDEX CONCURRENTLY IF EXISTS notifications_to_push']);
}
