import type { Knex } from 'knex';
import { rows } from '../sql.ts';
import type { NewAuditEntry } from './auditEntry.ts';

export type AuditRow = Required<NewAuditEntry> & {
  id: number;
  at: Date;
  chain_seq: number | null;
  hash: string | null;
};
/** Times: `from` is included, `to` is not. */
export type AuditFilter = {
  actor_id?: number;
  subject_id?: number;
  action?: string;
  from?: string;
  to?: string;
};

/** Of both forms: entries name people themselves, or their parts do. */
const namedAs = (kind: 'actor' | 'subject') =>
  `id IN (SELECT id FROM audit_log WHERE ${kind}_id = :${kind}_id
     UNION ALL SELECT entry_id FROM audit_parts WHERE person_id = :${kind}_id AND kind = '${kind}')`;
const CONDITIONS: Record<keyof AuditFilter, string> = {
  actor_id: namedAs('actor'),
  subject_id: namedAs('subject'),
  action: 'action = :action',
  from: 'at >= CAST(:from AS timestamptz)',
  to: 'at < CAST(:to AS timestamptz)',
};

/** Returns a page of entries, newest first. @param beforeId where the page before ended */
export function listAuditEntries(
  filter: AuditFilter,
  { limit, beforeId }: { limit: number; beforeId: number | null },
  trx: Knex,
): Promise<AuditRow[]> {
  const conditions = (Object.keys(filter) as (keyof AuditFilter)[]).map((field) => CONDITIONS[field]);
  if (beforeId !== null) conditions.push('id < :beforeId');
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return rows(
    `SELECT id, at, actor_id, actor_role, action, target_type, target_id, subject_id, ip, request_id, details,
       chain_seq, encode(hash, 'hex') AS hash
     FROM audit_entries ${where} ORDER BY id DESC LIMIT :limit`,
    { ...filter, limit, beforeId },
    trx,
  );
}
