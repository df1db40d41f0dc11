import { row } from '../sql.ts';
import { type Tables, operators } from '../personalData.ts';

/** Where the audit log begins once old entries are deleted: the last deleted place, with its entry's hash in hex, signed. */
export type Anchor = { chain_seq: number; hash: string; key_id: number; signature: string };

/** Returns the present anchor; undefined: the log begins with its first entry. */
export function auditAnchor(): Promise<Anchor | undefined> {
  return row(
    `SELECT chain_seq, encode(hash, 'hex') AS hash, key_id, signature FROM audit_anchors ORDER BY chain_seq DESC LIMIT 1`,
  );
}

/** Returns the end of the oldest entries that are all older than `days`; undefined: there is none. */
export function oldEntries(
  days: number,
  batch: number,
): Promise<Pick<Anchor, 'chain_seq' | 'hash'> | undefined> {
  return row(`SELECT chain_seq, encode(hash, 'hex') AS hash FROM old_audit_entries(:days, :batch)`, {
    days,
    batch,
  });
}

/** Says whether the entries up to a place follow from one before. */
export async function areSound(
  after: Pick<Anchor, 'chain_seq' | 'hash'>,
  upTo: Pick<Anchor, 'chain_seq' | 'hash'>,
): Promise<boolean> {
  const step = await row<{ last_seq: number; last_hash: string; fault: string | null }>(
    `SELECT last_seq, encode(last_hash, 'hex') AS last_hash, fault
     FROM check_audit_chain(:after, decode(:hash, 'hex'), :count)`,
    { after: after.chain_seq, hash: after.hash, count: upTo.chain_seq - after.chain_seq },
  );
  return step?.fault === null && step.last_seq === upTo.chain_seq && step.last_hash === upTo.hash;
}

/** Deletes the entries up to a place and puts the anchor there. Returns how many; 0: another process was there. */
export async function anchorAuditLog({ chain_seq, hash, key_id, signature }: Anchor): Promise<number> {
  const pass = await row<{ count: number }>(
    `SELECT anchor_audit_log(:chain_seq, decode(:hash, 'hex'), :key_id, :signature) AS count`,
    { chain_seq, hash, key_id, signature },
  );
  return pass?.count ?? 0;
}

export const tables: Tables = {
  audit_anchors: {
    purpose: 'the place where the audit log begins, once old entries are deleted',
    kept: 'until the next one',
    bound: operators('one'),
    erased: 'none',
    columns: { technical: 'chain_seq hash at key_id signature' },
  },
};
