import type { Knex } from 'knex';

/**
 * Notes on a question without an answer that its conversation was deleted (db/functions/conversations.sql), so that the list of
 * suggestions counts questions without looking up each one's conversation.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE faq_gaps ADD COLUMN gone boolean NOT NULL DEFAULT false;
    UPDATE faq_gaps g SET gone = true FROM messages m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.id = g.message_id AND c.deleted_at IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE faq_gaps DROP COLUMN gone');
}
