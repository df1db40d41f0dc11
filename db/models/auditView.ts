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

/** Returns a page of entries, newest first. @param beforeId where the page before ended */
export function listAuditEntries(
  filter: AuditFilter,
  { limit, beforeId }: { limit: number; beforeId: number | null },
  trx: Knex,
): Promise<AuditRow[]> {
  return rows(
    `SELECT id, at, actor_id, actor_role, action, target_type, target_id, subject_id, ip, request_id, details,
       chain_seq, encode(hash, 'hex') AS hash
     FROM audit_entries WHERE id = ANY (ARRAY(${idsOf(filter, beforeId)})) ORDER BY id DESC`,
    { ...filter, limit, beforeId },
    trx,
  );
}

/** The ids of a page. Each way to find them reads an index in the order of the list, and stops at the end of the page. */
function idsOf(filter: AuditFilter, beforeId: number | null): string {
  const bounds = (id: string) => [
    ...(beforeId === null ? [] : [`${id} < :beforeId`]),
    ...(filter.from === undefined ? [] : [`${id} >= ${firstAt(':from', '>=', 'ASC', '- ')}`]),
    ...(filter.to === undefined ? [] : [`${id} <= ${firstAt(':to', '<', 'DESC', '+ ')}`]),
  ];
  const times = [
    ...(filter.from === undefined ? [] : ['e.at >= CAST(:from AS timestamptz)']),
    ...(filter.to === undefined ? [] : ['e.at < CAST(:to AS timestamptz)']),
  ];
  // Written as a range: with an equation the planner may walk all entries by id, in the hope of meeting the action soon.
  const action = filter.action === undefined ? [] : ['e.action >= :action AND e.action <= :action'];
  const person = filter.subject_id === undefined ? 'actor' : 'subject';
  if (filter[`${person}_id`] === undefined)
    return `SELECT e.id FROM audit_log e ${where([...bounds('e.id'), ...times, ...action])}
      ORDER BY ${action.length === 0 ? '' : 'e.action DESC, '}e.id DESC LIMIT :limit`;
  const both = filter.subject_id !== undefined && filter.actor_id !== undefined;
  const rest = [...times, ...action, ...(both ? [ACTED] : [])];
  // Of both forms: entries name people themselves, or their parts do. OFFSET 0 keeps the order of the index.
  return `SELECT id FROM (
    (SELECT e.id FROM audit_log e ${where([`e.${person}_id = :${person}_id`, ...bounds('e.id'), ...rest])} ORDER BY e.id DESC LIMIT :limit)
    UNION ALL
    (SELECT p.entry_id FROM (
       SELECT entry_id FROM audit_parts ${where([`person_id = :${person}_id AND kind = '${person}'`, ...bounds('entry_id')])}
       ORDER BY entry_id DESC) AS p
     CROSS JOIN LATERAL (SELECT FROM audit_log e ${where(['e.id = p.entry_id', ...rest])} OFFSET 0) AS fits
     ORDER BY p.entry_id DESC LIMIT :limit)) AS found
  ORDER BY id DESC LIMIT :limit`;
}

const ACTED = `(e.actor_id = :actor_id OR EXISTS (SELECT FROM audit_parts acted
  WHERE acted.entry_id = e.id AND acted.person_id = :actor_id AND acted.kind = 'actor'))`;

/** The id at which a range of times begins or ends: ids grow with time. An hour more, for clocks that were set back. */
function firstAt(time: string, compared: string, order: string, sign: string): string {
  return `(SELECT id FROM audit_log WHERE at ${compared} CAST(${time} AS timestamptz) ${sign}interval '1 hour' ORDER BY at ${order} LIMIT 1)`;
}

function where(conditions: string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
