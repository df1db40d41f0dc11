import { row } from '../sql.ts';

const idIn = (field: string) => `CAST(CAST(:data AS jsonb) ->> '${field}' AS bigint)`;

/** Conversations whose texts may leave: they are not deleted, and their users still consent to the processing of their data. */
const sharable = `(SELECT c.* FROM conversations c JOIN users u ON u.id = c.user_id
  WHERE c.deleted_at IS NULL AND u.status <> 'deleted' AND u.data_processing_consent) c`;

const run = `SELECT q.content AS question, a.content AS answer
  FROM runs r JOIN ${sharable} ON c.id = r.conversation_id
  JOIN messages q ON q.id = r.message_id JOIN messages a ON a.id = r.reply_id WHERE r.id = ${idIn('run_id')}`;
/** The texts of an event, by its type. Read when it is sent: no copy of them is stored, and what was erased is not sent. */
const TEXTS: Record<string, string> = {
  'run.completed': run,
  'run.failed': run,
  'run.cancelled': run,
  'message.created': `SELECT m.content FROM messages m JOIN ${sharable} ON c.id = m.conversation_id
    WHERE m.id = ${idIn('message_id')}`,
  'conversation.handoff': `SELECT c.handoff_reason AS reason FROM ${sharable} WHERE c.id = ${idIn('conversation_id')}`,
  'feedback.created': `SELECT f.comment FROM message_feedback f JOIN ${sharable} ON c.id = f.conversation_id
    WHERE f.message_id = ${idIn('message_id')} AND f.user_id = ${idIn('user_id')}`,
  'faq.published': `SELECT question, answer FROM faqs WHERE id = ${idIn('faq_id')}`,
  'user.created': `SELECT email, username, first_name, last_name FROM users
    WHERE id = ${idIn('user_id')} AND status <> 'deleted'`,
};

/** Returns the texts that belong to an event's ids; none where they are gone, or for a type without any. */
export async function textsOf(type: string, data: Record<string, unknown>): Promise<Record<string, unknown>> {
  const statement = TEXTS[type];
  if (statement === undefined) return {};
  const texts = await row<Record<string, unknown>>(statement, { data });
  return texts ?? {};
}
