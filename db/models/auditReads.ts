import { rows } from '../sql.ts';
import type { NewAuditEntry } from './auditEntry.ts';

type Reader = Pick<NewAuditEntry, 'actor_id' | 'actor_role' | 'ip' | 'request_id'>;

/**
 * Adds an entry for each conversation of which a list shows the last message. The same message, shown again to the same person,
 * adds none, because lists are read all the time.
 */
export async function noteListed(reader: Reader, conversationIds: number[]): Promise<void> {
  if (conversationIds.length === 0) return;
  await rows(
    `SELECT add_audit_entry(:actor_id, :actor_role, 'conversation.listed', 'conversation', c.id, c.user_id, :ip, :request_id, '{}')
     FROM conversations c WHERE c.id = ANY (:conversationIds) AND NOT EXISTS (
       SELECT FROM audit_parts theirs JOIN audit_log seen ON seen.id = theirs.entry_id AND seen.target_type = 'conversation'
         JOIN audit_parts mine ON mine.entry_id = seen.id AND mine.kind = 'actor' AND mine.person_id = :actor_id
       WHERE theirs.person_id = c.user_id AND theirs.kind = 'subject' AND theirs.target_id = c.id AND seen.at > c.last_message_at)`,
    { ...reader, conversationIds },
  );
}
