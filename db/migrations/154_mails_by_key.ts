import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Finds the mail that a report of its return names. Built beside the traffic; what a broken try left behind is removed first. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS mails_by_key',
    'CREATE INDEX CONCURRENTLY mails_by_key ON mails (message_key)',
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP INDEX IF EXISTS mails_by_key']);
}
