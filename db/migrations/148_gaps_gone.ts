import type { Knex } from 'knex';
import { patiently } from '../patiently.ts';

/**
 * Notes on a question without an answer that its conversation was deleted, so that the list of suggestions counts questions
 * without looking up each one's conversation. A trigger does it: the previous release deletes conversations beside this
 * migration, and its functions know nothing of the column.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE faq_gaps ADD COLUMN IF NOT EXISTS gone boolean NOT NULL DEFAULT false');
  await knex.raw(`
    CREATE OR REPLACE FUNCTION faq_gaps_go() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
      UPDATE faq_gaps SET gone = true WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = NEW.id);
      RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER faq_gaps_go AFTER UPDATE OF deleted_at ON conversations FOR EACH ROW
      WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION faq_gaps_go();
  `);
  // After the trigger: what is deleted from here on is noted by it.
  await patiently(knex, [
    `UPDATE faq_gaps g SET gone = true FROM messages m JOIN conversations c ON c.id = m.conversation_id
     WHERE m.id = g.message_id AND NOT g.gone AND c.deleted_at IS NOT NULL`,
  ]);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION IF EXISTS faq_gaps_go() CASCADE;
    ALTER TABLE faq_gaps DROP COLUMN gone;
  `);
}
