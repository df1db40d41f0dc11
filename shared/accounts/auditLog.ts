import { knex } from '../../db/knex.ts';
import { type AuditFilter, type AuditRow, listAuditEntries } from '../../db/models/auditView.ts';
import { type By, noted } from './noted.ts';

/** A page of the audit log, the newest entry first. Who reads it stands in it, from the next page on. */
export function readAuditLog(
  by: By,
  filter: AuditFilter,
  page: { limit: number; beforeId: number | null },
): Promise<AuditRow[]> {
  return knex.transaction(async (trx) => {
    const entries = await listAuditEntries(filter, page, trx);
    await noted(by, 'audit.read', { subject_id: filter.subject_id, details: filter })(null, trx);
    return entries;
  });
}
