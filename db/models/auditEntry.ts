import type { Knex } from 'knex';
import { row } from '../sql.ts';
import type { Role } from './role.ts';
import { type Tables, AS_AUDIT, use } from '../personalData.ts';

export type NewAuditEntry = {
  /** Null: nobody was signed in, or an operator acted at the console. */
  actor_id: number | null;
  actor_role: Role | null;
  /** `thing.happened`, such as `user.signed_in` or `faq.updated`. */
  action: string;
  target_type: string;
  target_id: number | null;
  subject_id: number | null;
  ip: string | null;
  request_id: string | null;
  /** Ids, names of fields and counts; never content or personal data. */
  details?: Record<string, unknown>;
};

/** The audit log. An act adds its entry in its own transaction; nothing changes an entry later. */
export const AuditEntry = {
  /** Adds an entry. The entry and the act commit together, with `trx`. */
  async write(entry: NewAuditEntry, trx: Knex): Promise<void> {
    await row(
      `SELECT add_audit_entry(:actor_id, :actor_role, :action, :target_type, :target_id, :subject_id, :ip, :request_id,
         CAST(:details AS jsonb))`,
      { ...entry, details: JSON.stringify(entry.details ?? {}) },
      trx,
    );
  },
};

/** Writes something beside a change, in the same transaction. `id` is the changed row's; null: many rows. */
export type Along = (id: number | null, trx: Knex) => Promise<void>;

export const tables: Tables = {
  audit_log: {
    purpose: 'who did what, for accountability',
    kept: AS_AUDIT,
    bound: use('RETENTION_AUDIT_DAYS; unset: nothing'),
    erased: 'redacted',
    exported: 'access_log.json',
    columns: {
      link: 'id actor_id target_id subject_id',
      identity: 'ip',
      behaviour: 'at actor_role action target_type details',
      technical: 'request_id chain_seq prev_hash hash redacted parts part_hashes',
    },
  },
  audit_parts: {
    purpose: 'who an entry of the audit log is about, and from where',
    kept: AS_AUDIT,
    bound: use('RETENTION_AUDIT_DAYS; unset: nothing'),
    erased: 'cascade',
    exported: 'access_log.json',
    columns: {
      link: 'id entry_id person_id target_id',
      identity: 'ip',
      behaviour: 'kind details field at',
      technical: 'request_id salt',
    },
  },
};
