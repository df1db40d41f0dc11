import type { AuditRow } from '../../db/models/auditView.ts';

export function presentAuditEntry(entry: AuditRow) {
  return {
    id: entry.id,
    at: entry.at.toISOString(),
    actor_id: entry.actor_id,
    actor_role: entry.actor_role,
    action: entry.action,
    target_type: entry.target_type,
    target_id: entry.target_id,
    subject_id: entry.subject_id,
    ip: entry.ip,
    request_id: entry.request_id,
    details: entry.details,
    chain_seq: entry.chain_seq,
    hash: entry.hash,
  };
}
