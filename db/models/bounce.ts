import { knex } from '../knex.ts';
import { row } from '../sql.ts';
import { AuditEntry } from './auditEntry.ts';

/**
 * Notes that a sent mail came back, and marks its address, where it is the account's still: the account gets only mails that
 * concern it, until its address takes one. Enters the mark in the audit log.
 * @param status what the receiving server said, such as `5.1.1`
 * @param ofAddress false: the status says nothing of the address, which is not marked
 * @returns whether the mail is known, and whether the address was marked now
 */
export function markBounced(
  messageKey: string,
  status: string,
  ofAddress: boolean,
): Promise<{ known: boolean; marked: boolean }> {
  return knex.transaction(async (trx) => {
    const mail = await row<{ known: boolean; marked: number | null }>(
      `WITH returned AS (UPDATE mails SET error = :status WHERE message_key = :messageKey AND sent_at IS NOT NULL
         RETURNING user_id, address),
       marked AS (UPDATE users SET email_refused_at = clock_timestamp() FROM returned
         WHERE CAST(:ofAddress AS boolean) AND users.id = returned.user_id AND lower(users.email) = lower(returned.address)
           AND users.email_refused_at IS NULL
         RETURNING users.id)
       SELECT EXISTS (SELECT FROM returned) AS known, (SELECT id FROM marked) AS marked`,
      { messageKey, status, ofAddress },
      trx,
    );
    const { known = false, marked = null } = mail ?? {};
    if (marked === null) return { known, marked: false };
    const target = { target_type: 'user', target_id: marked, subject_id: marked };
    const nobody = { actor_id: null, actor_role: null, ip: null, request_id: null };
    const details = { by: 'report', status };
    await AuditEntry.write({ action: 'user.email_bounced', ...nobody, ...target, details }, trx);
    return { known, marked: true };
  });
}
