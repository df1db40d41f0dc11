import type { Knex } from 'knex';

/**
 * Pushes have a queue of their own. `notifications.push_due_at` is when it looks at a row next, as `due_at` is for mails and the
 * list of the app; `push_tries` counts its claims. The release before this one pushes by `push_at`, which is handed over.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `ALTER TABLE notifications ADD COLUMN push_due_at timestamptz, ADD COLUMN push_tries integer NOT NULL DEFAULT 0`,
  );
}

/** Gives pushes that are owed back to the release before. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    `UPDATE notifications SET push_at = push_due_at, due_at = least(due_at, push_due_at) WHERE push_due_at IS NOT NULL`,
  );
  await knex.raw('ALTER TABLE notifications DROP COLUMN push_due_at, DROP COLUMN push_tries');
}
