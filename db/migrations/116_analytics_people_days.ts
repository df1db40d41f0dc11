import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/** Finds the days on which somebody wrote; beside the traffic, as 061. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await patiently(knex, [
    'DROP INDEX CONCURRENTLY IF EXISTS analytics_people_days',
    `CREATE INDEX CONCURRENTLY analytics_people_days ON analytics_people (person, start) INCLUDE (assistant_id, channel)
     WHERE grain = 'd'`,
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await patiently(knex, ['DROP INDEX IF EXISTS analytics_people_days']);
}
