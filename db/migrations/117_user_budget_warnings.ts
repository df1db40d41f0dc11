import type { Knex } from 'knex';

const KINDS = `'password_reset', 'email_verification', 'new_sign_in', 'answer_ready', 'agent_replied', 'handoff_waiting',
  'knowledge_answered', 'export_ready', 'account_erased', 'webhook_disabled', 'budget_warning'`;

/** Notifications may tell a user, once a day, that their budget for the day is nearly used up. Old rows need no new check. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE budget_user_days ADD COLUMN told boolean NOT NULL DEFAULT false');
  await replaceCheck(knex, `${KINDS}, 'user_budget_warning'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`DELETE FROM notifications WHERE kind = 'user_budget_warning'`);
  await replaceCheck(knex, KINDS);
  await knex.raw('ALTER TABLE budget_user_days DROP COLUMN told');
}

async function replaceCheck(knex: Knex, kinds: string): Promise<void> {
  await knex.raw(`ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check,
    ADD CONSTRAINT notifications_kind_check CHECK (kind IN (${kinds})) NOT VALID`);
}
