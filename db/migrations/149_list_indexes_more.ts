import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Lets the lists of suggestions and of the audit log read little more than their page. Built beside the traffic; what a broken
 * try left behind is removed first. The index of parts takes the place of a narrower one, which the previous release uses for
 * the same.
 */
export const config = { transaction: false };

const ADDED = [
  'faq_gaps_there ON faq_gaps (suggestion_id, message_id) WHERE suggestion_id IS NOT NULL AND NOT gone',
  'audit_parts_of_person ON audit_parts (person_id, kind, entry_id)',
];
const REPLACED = ['audit_parts_by_person ON audit_parts (person_id, entry_id)'];

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [...created(ADDED), ...dropped(REPLACED)]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, [...created(REPLACED), ...dropped(ADDED)]);
}

function created(indexes: string[]): string[] {
  return [...dropped(indexes), ...indexes.map((index) => `CREATE INDEX CONCURRENTLY ${index}`)];
}

function dropped(indexes: string[]): string[] {
  return indexes.map((index) => `DROP INDEX CONCURRENTLY IF EXISTS ${index.split(' ')[0]}`);
}
