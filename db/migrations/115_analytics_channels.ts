import type { Knex } from 'knex';

/**
 * Rollups of speeds, uses and people by channel, and who came back when (ARCHITECTURE.md, *Analytics*).
 *
 * `channel` is null in rollups of the release before, and in what rows left that were deleted under it. Quarters before
 * `analytics_state.renewed_to` are counted with channels; null: none of them. Counting goes on from there, day by day.
 *
 * `analytics_returns`: of the people who wrote on a day of UTC, how many had written on the day `before`, and on none between.
 * -1 and '' stand for all assistants and all channels. The different people of some days are the sum of `n` whose `before`
 * lies before the first of them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE analytics_spread ADD COLUMN channel text;
    ALTER TABLE analytics_people ADD COLUMN channel text;
    ALTER TABLE analytics_state ADD COLUMN renewed_to timestamptz;
    CREATE TABLE analytics_returns (
      assistant_id bigint NOT NULL,
      channel text NOT NULL,
      start timestamptz NOT NULL,
      before timestamptz NOT NULL,
      n bigint NOT NULL,
      PRIMARY KEY (assistant_id, channel, start, before)
    );
    CREATE INDEX analytics_returns_start ON analytics_returns (start);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE analytics_returns;
    ALTER TABLE analytics_state DROP COLUMN renewed_to;
    ALTER TABLE analytics_people DROP COLUMN channel;
    ALTER TABLE analytics_spread DROP COLUMN channel;
  `);
}
