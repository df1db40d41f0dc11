import type { Knex } from 'knex';

/**
 * Events are rows of the transaction that causes them, whichever statement or release that is: triggers on the tables, since
 * users and FAQs are added in several places. Their conditions keep other writes of hot tables free of calls. Each trigger
 * locks its table in a transaction of its own, so no two tables are locked at once.
 */
export const config = { transaction: false };

const TRIGGERS = {
  messages: [['message_created', `AFTER INSERT`, `NEW.message_type IN ('user', 'agent')`, 'emit_message']],
  runs: [
    [
      'run_ended',
      'AFTER UPDATE OF completed_at',
      'OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL',
      'emit_run',
    ],
  ],
  conversations: [
    [
      'conversation_handed_over',
      'AFTER UPDATE OF status',
      `OLD.status IN ('bot', 'resolved') AND NEW.status = 'waiting'`,
      'emit_conversation',
    ],
    [
      'conversation_resolved',
      'AFTER UPDATE OF status',
      `OLD.status <> 'resolved' AND NEW.status = 'resolved'`,
      'emit_conversation',
    ],
  ],
  message_feedback: [
    ['message_rated', 'AFTER INSERT', 'true', 'emit_message_feedback'],
    [
      'message_rated_anew',
      'AFTER UPDATE',
      '(OLD.rating, OLD.comment) IS DISTINCT FROM (NEW.rating, NEW.comment)',
      'emit_message_feedback',
    ],
  ],
  faq_feedback: [
    ['faq_rated', 'AFTER INSERT', 'true', 'emit_faq_feedback'],
    ['faq_rated_anew', 'AFTER UPDATE', 'OLD.helpful <> NEW.helpful', 'emit_faq_feedback'],
  ],
  faqs: [
    ['faq_born_published', 'AFTER INSERT', `NEW.status = 'published'`, 'emit_faq'],
    [
      'faq_published_later',
      'AFTER UPDATE OF status',
      `OLD.status <> 'published' AND NEW.status = 'published'`,
      'emit_faq',
    ],
  ],
  users: [
    ['user_created', 'AFTER INSERT', `NEW.role <> 'guest'`, 'emit_user'],
    ['user_registered', 'AFTER UPDATE OF role', `OLD.role = 'guest' AND NEW.role <> 'guest'`, 'emit_user'],
    ['user_erased', 'AFTER DELETE', 'true', 'emit_erasure'],
  ],
} as const;

export async function up(knex: Knex): Promise<void> {
  for (const [table, triggers] of Object.entries(TRIGGERS))
    for (const [name, when, condition, call] of triggers)
      await knex.raw(
        `CREATE OR REPLACE TRIGGER ${name} ${when} ON ${table} FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION ${call}()`,
      );
}

export async function down(knex: Knex): Promise<void> {
  for (const [table, triggers] of Object.entries(TRIGGERS))
    for (const [name] of triggers) await knex.raw(`DROP TRIGGER IF EXISTS ${name} ON ${table}`);
}
