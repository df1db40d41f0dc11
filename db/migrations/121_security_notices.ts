import type { Knex } from 'knex';

const KINDS = `'password_reset', 'email_verification', 'new_sign_in', 'answer_ready', 'agent_replied', 'handoff_waiting',
  'knowledge_answered', 'export_ready', 'account_erased', 'webhook_disabled', 'budget_warning', 'user_budget_warning'`;
const NEW = `'password_changed', 'second_factor_off', 'recovery_code_used'`;

/** Notifications may tell a user of acts on their account that somebody else may have done. Old rows need no new check. */
export async function up(knex: Knex): Promise<void> {
  await replaceCheck(knex, `${KINDS}, ${NEW}`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`DELETE FROM notifications WHERE kind IN (${NEW})`);
  await replaceCheck(knex, KINDS);
}

async function replaceCheck(knex: Knex, kinds: string): Promise<void> {
  await knex.raw(`ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check,
    ADD CONSTRAINT notifications_kind_check CHECK (kind IN (${kinds})) NOT VALID`);
}
