import { type Along, AuditEntry, type NewAuditEntry } from '../../db/models/auditEntry.ts';

export type By = Pick<NewAuditEntry, 'actor_id' | 'actor_role' | 'ip' | 'request_id'>;
export type Act = { subject_id?: number | null; details?: Record<string, unknown> };

/**
 * Returns a function that writes an audit entry in the transaction of an act, when the target's id is known.
 * @param action for instance `faq.updated`; the first word names the kind of target
 */
export function noted(by: By, action: string, { subject_id = null, details = {} }: Act = {}): Along {
  const target_type = action.split('.')[0] ?? '';
  return (target_id, trx) =>
    AuditEntry.write({ ...by, action, target_type, target_id, subject_id, details }, trx);
}
