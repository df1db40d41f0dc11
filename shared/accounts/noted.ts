import { knex } from '../../db/knex.ts';
import { type Along, AuditEntry, type NewAuditEntry } from '../../db/models/auditEntry.ts';

export type By = Pick<NewAuditEntry, 'actor_id' | 'actor_role' | 'ip' | 'request_id'>;
/** Writes the entry, in a transaction if given. */
type Noting = (target_id: number | null, trx?: Parameters<Along>[1]) => Promise<void>;
export type Act = { subject_id?: number | null; details?: Record<string, unknown> };

/**
 * Returns a function that writes an audit entry in an act's transaction, once the target's id is known.
 * @param action for instance `faq.updated`; the first word names the kind of target
 */
export function noted(by: By, action: string, { subject_id = null, details = {} }: Act = {}): Noting {
  const target_type = action.split('.')[0] ?? '';
  return (target_id, trx = knex) =>
    AuditEntry.write({ ...by, action, target_type, target_id, subject_id, details }, trx);
}
