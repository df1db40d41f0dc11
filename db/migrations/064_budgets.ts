import type { Knex } from 'knex';

/**
 * What a day's answers used, and what running ones may use: `reserved` on the run, in tokens or in millionths of the currency,
 * on the day of its claim (UTC), with what a token of prompt and answer costs. Runs without a budget have none, and then the
 * trigger's WHEN is all that an end costs. The trigger's function does nothing here: db/functions/budgets.sql has its text.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE runs ADD COLUMN reserved bigint, ADD COLUMN reserved_on date,
      ADD COLUMN price_in double precision, ADD COLUMN price_out double precision;
    CREATE TABLE budget_days (
      day date PRIMARY KEY,
      amount bigint NOT NULL DEFAULT 0,
      told boolean NOT NULL DEFAULT false
    );
    CREATE TABLE budget_user_days (
      day date NOT NULL,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      amount bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (user_id, day)
    );
    CREATE FUNCTION budget_settle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER budget_settle AFTER UPDATE ON runs FOR EACH ROW
      WHEN (NEW.reserved IS NOT NULL AND NEW.completed_at IS NOT NULL AND OLD.completed_at IS NULL)
      EXECUTE FUNCTION budget_settle();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION budget_settle() CASCADE;
    DROP TABLE budget_days, budget_user_days;
    ALTER TABLE runs DROP COLUMN reserved, DROP COLUMN reserved_on, DROP COLUMN price_in, DROP COLUMN price_out;
  `);
}
