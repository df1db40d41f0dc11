import { type Knex } from 'knex';
import type { Role } from './role.ts';

/** Who did what to whose data, from where. */
export type NewAuditEntry = {
  /** null: nobody signed in, or an operator at the console */
  actor_id: number | null;
  actor_role: Role | null;
  /** `thing.happened`: `user.signed_in`, `faq.updated` */
  action: string;
  target_type: string;
  target_id: number | null;
  /** The user whose data it is. */
  subject_id: number | null;
  ip: string | null;
  request_id: string | null;
  /** Neither content nor personal data: ids, names of fields, counts. */
  details?: Record<string, unknown>;
};

/** The audit log: entries are added, in the transaction of the act they tell of, and never changed. */
export const AuditEntry = {
  /** Adds an entry. It stands when `trx` commits, as does the act. */
  async write(entry: NewAuditEntry, trx: Knex): Promise<void> {
    await trx.raw(
      `INSERT INTO audit_log
         (actor_id, actor_role, action, target_type, target_id, subject_id, ip, request_id, details)
       VALUES (:actor_id, :actor_role, :action, :target_type, :target_id, :subject_id, :ip, :request_id,
         CAST(:details AS jsonb))`,
      { ...entry, details: JSON.stringify(entry.details ?? {}) },
    );
  },
};

/** What is written along with a change, in its transaction, of the thing with that id; null: of many things. */
export type Along = (id: number | null, trx: Knex) => Promise<void>;
