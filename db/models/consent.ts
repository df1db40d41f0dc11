import type { Knex } from 'knex';
import { row, rows } from '../sql.ts';
import { type Tables, use, WITH_ACCOUNT } from '../personalData.ts';

export type ConsentKind = 'gdpr' | 'data_processing' | 'marketing';
export type ConsentRow = {
  id: number;
  kind: ConsentKind;
  given: boolean;
  /** Names the texts that were in force; null: from before versions were kept. */
  version: string | null;
  /** The program by which it was said, such as `Firefox on Linux`; null: not known. */
  client: string | null;
  at: Date;
};

/** Returns a page of what a user consented to and withdrew, newest first. @param page `beforeId`: where the page before ended */
export function listConsents(
  userId: number,
  { limit, beforeId }: { limit: number; beforeId: number | null },
): Promise<ConsentRow[]> {
  return rows(
    `SELECT id, kind, given, version, client, at FROM consents
     WHERE user_id = :userId AND (CAST(:beforeId AS bigint) IS NULL OR id < :beforeId)
     ORDER BY id DESC LIMIT :limit`,
    { userId, limit, beforeId },
  );
}

/** Sets the program by which consents of this transaction are given or withdrawn. @param family see `familyOf` */
export async function sayClient(family: string | null, trx: Knex): Promise<void> {
  await row(`SELECT set_config('parley.client', :family, true)`, { family: family ?? '' }, trx);
}

/** Returns the version of the texts that are in force. */
export async function consentVersion(): Promise<string> {
  const found = await row<{ version: string }>('SELECT consent_version() AS version');
  return found?.version ?? '';
}

export type AccessRow = {
  id: number;
  at: Date;
  /** Such as `conversation.read`. */
  action: string;
  target_type: string;
  target_id: number | null;
  /** Null: an operator at the console, or an account that is erased. */
  person: { id: number; name: string; role: string } | null;
};

/** Returns a page of what others did with a user's data, from the audit log, newest first. */
export function listAccess(
  userId: number,
  { limit, beforeId }: { limit: number; beforeId: number | null },
): Promise<AccessRow[]> {
  return rows(
    `SELECT e.id, e.at, e.action, e.target_type, e.target_id,
       CASE WHEN u.id IS NOT NULL THEN jsonb_build_object('id', u.id, 'role', coalesce(e.actor_role, u.role),
         'name', coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.username, '')) END AS person
     FROM audit_entries e LEFT JOIN users u ON u.id = e.actor_id
     WHERE e.id IN (SELECT id FROM audit_log WHERE subject_id = :userId
         UNION ALL SELECT entry_id FROM audit_parts WHERE person_id = :userId AND kind = 'subject')
       AND e.actor_id IS DISTINCT FROM :userId
       AND (CAST(:beforeId AS bigint) IS NULL OR e.id < :beforeId)
     ORDER BY e.id DESC LIMIT :limit`,
    { userId, limit, beforeId },
  );
}

export const tables: Tables = {
  consents: {
    purpose: 'what users consented to and withdrew',
    kept: WITH_ACCOUNT,
    bound: use('300 changes of an account in 15 minutes; erasure'),
    erased: 'account',
    owner: 'user_id',
    exported: 'consents.json',
    columns: { link: 'id user_id', behaviour: 'kind given version client at' },
  },
};
