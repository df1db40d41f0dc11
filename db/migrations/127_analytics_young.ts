import type { Knex } from 'knex';

/**
 * Rollups of conversations that may go on still, and of weeks (ARCHITECTURE.md, *Analytics*).
 *
 * `analytics_state.young_to`: quarters of 'begun' before it are counted, those of conversations that are not quiet yet too.
 * `counted_to` stays where all were quiet: the release before this one reads no younger rollup. null: not counted so far.
 *
 * `analytics_changes.stale_at`: until then the rollup equals the rows; then the first of its conversations becomes quiet. null:
 * the rollup is out of date already.
 *
 * `analytics_state.people_to`: as `counted_to`, once the people of the day that is not over are counted as those of other days.
 *
 * `analytics_state.weeks_from`: from there on, the weeks of counted days have rollups too (`analytics_spread.grain` 'w').
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE analytics_state ADD COLUMN young_to timestamptz, ADD COLUMN weeks_from timestamptz,
      ADD COLUMN people_to timestamptz;
    ALTER TABLE analytics_changes ADD COLUMN stale_at timestamptz;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM analytics_spread WHERE grain = 'w';
    ALTER TABLE analytics_state DROP COLUMN young_to, DROP COLUMN weeks_from, DROP COLUMN people_to;
    ALTER TABLE analytics_changes DROP COLUMN stale_at;
  `);
}
