import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Finds the handoffs of a quarter hour; beside the traffic, as 061. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS episodes_handed_over',
    'CREATE INDEX CONCURRENTLY episodes_handed_over ON episodes (handoff_at) WHERE handoff_at IS NOT NULL',
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP INDEX IF EXISTS episodes_handed_over']);
}
