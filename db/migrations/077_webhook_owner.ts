import type { Knex } from 'knex';

/**
 * Allows a notification of the kind `webhook_disabled`, which tells the owner of an endpoint that nothing is sent to it any
 * more. Lets an endpoint ask for a pause (Retry-After). The wider check holds for all rows that fit the narrower one, so none
 * is read.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
    ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN ('password_reset', 'email_verification',
      'new_sign_in', 'answer_ready', 'agent_replied', 'handoff_waiting', 'knowledge_answered', 'export_ready', 'account_erased',
      'webhook_disabled')) NOT VALID;
    ALTER TABLE webhooks ADD COLUMN paused_until timestamptz;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE webhooks DROP COLUMN paused_until;
    DELETE FROM notifications WHERE kind = 'webhook_disabled';
    ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
    ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN ('password_reset', 'email_verification',
      'new_sign_in', 'answer_ready', 'agent_replied', 'handoff_waiting', 'knowledge_answered', 'export_ready', 'account_erased'));
  `);
}
