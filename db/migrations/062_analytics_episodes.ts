import type { Knex } from 'knex';

/** Handoffs and resolutions change figures: notes what changes, as 060 does. An episode that begins with its conversation is not late. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION analytics_episode_changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER analytics_episode_late AFTER INSERT ON episodes FOR EACH ROW
      WHEN (NEW.reopened OR NEW.handoff_at IS NOT NULL OR NEW.resolved_at IS NOT NULL)
      EXECUTE FUNCTION analytics_episode_changed();
    CREATE TRIGGER analytics_episode_moved AFTER UPDATE ON episodes FOR EACH ROW
      WHEN ((OLD.started_at, OLD.handoff_at, OLD.resolved_at, OLD.reopened)
        IS DISTINCT FROM (NEW.started_at, NEW.handoff_at, NEW.resolved_at, NEW.reopened))
      EXECUTE FUNCTION analytics_episode_changed();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP FUNCTION analytics_episode_changed() CASCADE');
}
