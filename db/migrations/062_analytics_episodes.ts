import type { Knex } from 'knex';

/**
 * Handoffs and resolutions change figures: notes what changes, as 060 does. An episode that begins with its conversation is not
 * late.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION analytics_episode_changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER analytics_episode_late AFTER INSERT ON episodes FOR EACH ROW
      WHEN (NEW.reopened OR NEW.handoff_at IS NOT NULL OR NEW.resolved_at IS NOT NULL)
      EXECUTE FUNCTION analytics_episode_changed();
    CREATE TRIGGER analytics_episode_moved AFTER UPDATE ON episodes FOR EACH ROW
      WHEN (OLD.started_at IS DISTINCT FROM NEW.started_at OR OLD.handoff_at IS DISTINCT FROM NEW.handoff_at
        OR OLD.resolved_at IS DISTINCT FROM NEW.resolved_at OR OLD.reopened IS DISTINCT FROM NEW.reopened)
      EXECUTE FUNCTION analytics_episode_changed();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP FUNCTION analytics_episode_changed() CASCADE');
}
