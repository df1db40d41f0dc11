import { knex } from '../../db/knex.ts';
import { type AuditFilter, type AuditRow, listAuditEntries } from '../../db/models/auditView.ts';
import { type By, noted } from './noted.ts';

/** Returns a page of the audit log, newest entry first. Then notes the reading in the audit log. */
export function readAuditLog(
  by: By,
  filter: AuditFilter,
  page: { limit: number; beforeId: number | null },
  action: 'audit.read' | 'audit.exported' = 'audit.read',
): Promise<AuditRow[]> {
  return knex.transaction(async (trx) => {
    const entries = await listAuditEntries(filter, page, trx);
    await noted(by, action, { subject_id: filter.subject_id, details: filter })(null, trx);
    return entries;
  });
}
