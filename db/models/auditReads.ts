import { rows } from '../sql.ts';
import type { NewAuditEntry } from './auditEntry.ts';

type Reader = Pick<NewAuditEntry, 'actor_id' | 'actor_role' | 'ip' | 'request_id'>;

/**
 * Adds an entry for each conversation of which a list shows the last message. The same message, shown again to the same person, adds
 * none: a list is read again and again.
 */
export async function noteListed(reader: Reader, conversationIds: number[]): Promise<void> {
  if (conversationIds.length === 0) return;
  await rows(
    `INSERT INTO audit_log (actor_id, actor_role, action, target_type, target_id, subject_id, ip, request_id, details)
     SELECT :actor_id, :actor_role, 'conversation.listed', 'conversation', c.id, c.user_id, :ip, :request_id, '{}'
     FROM conversations c WHERE c.id = ANY (:conversationIds) AND NOT EXISTS (SELECT FROM audit_log seen
       WHERE seen.subject_id = c.user_id AND seen.target_id = c.id AND seen.target_type = 'conversation'
         AND seen.actor_id = :actor_id AND seen.at > c.last_message_at)`,
    { ...reader, conversationIds },
  );
}
