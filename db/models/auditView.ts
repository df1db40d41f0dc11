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
    ...(filter.from === undefined ? [] : [`${id} >= ${FIRST}`]),
    ...(filter.to === undefined ? [] : [`${id} <= ${LAST}`]),
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

/** The ids between which the entries of a range of times are. */
const FIRST = outermost('min', `at >= CAST(:from AS timestamptz) - interval '1 hour'`, 'ASC');
const LAST = outermost('max', `at < CAST(:to AS timestamptz) + interval '1 hour'`, 'DESC');

/**
 * Ids grow with time, but not strictly: entries written at once may have theirs crossed, and clocks are set. Hence an hour
 * more, and the outermost id of many entries at that end instead of the outermost entry's.
 */
function outermost(which: 'min' | 'max', fits: string, order: 'ASC' | 'DESC'): string {
  return `(SELECT ${which}(id) FROM (SELECT id FROM audit_log WHERE ${fits} ORDER BY at ${order} LIMIT 1000) AS near)`;
}

function where(conditions: string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
