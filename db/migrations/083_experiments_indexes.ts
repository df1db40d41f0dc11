import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Finds the conversations of an experiment. Built beside the traffic, since the table may be large. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS conversations_of_experiment',
    `CREATE INDEX CONCURRENTLY conversations_of_experiment ON conversations (experiment_id, experiment_version)
       WHERE experiment_id IS NOT NULL`,
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP INDEX IF EXISTS conversations_of_experiment']);
}
