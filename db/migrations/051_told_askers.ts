import type { Knex } from 'knex';

/**
 * An FAQ that was drafted from a suggestion and is published tells those whose questions made the suggestion, once. A trigger,
 * because an FAQ is published in several ways: by an edit, an import, an operator's SQL.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION faq_published() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    DECLARE
      v_suggestion bigint;
    BEGIN
      UPDATE faq_suggestions SET told_at = clock_timestamp() WHERE faq_id = NEW.id AND told_at IS NULL
      RETURNING id INTO v_suggestion;
      IF FOUND THEN
        -- One notification a user, with the latest conversation that asked. Guests may come back too.
        PERFORM owe_notification('knowledge_answered', asked.user_id, jsonb_build_object('faq_id', NEW.id), '0', asked.conversation_id)
        FROM (SELECT DISTINCT ON (m.user_id) m.user_id, m.conversation_id
          FROM faq_gaps g JOIN messages m ON m.id = g.message_id JOIN conversations c ON c.id = m.conversation_id
          WHERE g.suggestion_id = v_suggestion AND c.deleted_at IS NULL ORDER BY m.user_id, m.id DESC) AS asked;
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER faq_published AFTER UPDATE OF status ON faqs FOR EACH ROW
      WHEN (NEW.status = 'published' AND OLD.status IS DISTINCT FROM 'published') EXECUTE FUNCTION faq_published();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER faq_published ON faqs; DROP FUNCTION faq_published');
}
