import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Finds the facts of a quarter hour. The times only grow, so a new entry goes to the index's right end, which is cheap. Built
 * beside the traffic, since the tables may be large; what a broken try left behind is removed first.
 */
export const config = { transaction: false };

const INDEXES = {
  messages_asked: `messages (created_at) WHERE message_type = 'user'`,
  runs_ended: 'runs (completed_at) WHERE completed_at IS NOT NULL',
  conversations_begun: 'conversations (created_at)',
  message_feedback_given: 'message_feedback (created_at)',
  users_begun: 'users (created_at)',
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
