import { row } from '../sql.ts';
import { type Anchor, auditAnchor } from './auditAnchor.ts';
import { type Tables, AS_AUDIT, use } from '../personalData.ts';

/** Entries that one statement chains, and that one statement checks. */
const [PASS, LOOK] = [1_000, 5_000];

/** The end of the chain: the last place, and that entry's hash in hex. */
type Head = { chain_seq: number; hash: string };

/**
 * Gives a place to entries that have none, a thousand at most: the caller has other work every second too. One process
 * chains at a time; the others do nothing.
 * @returns how many entries it chained
 */
export async function chainAuditLog(): Promise<number> {
  const pass = await row<{ count: number }>('SELECT chain_audit_log(:PASS) AS count', { PASS });
  return pass?.count ?? 0;
}

/** Returns the head that was noted last; undefined: nothing is chained. */
export function auditHead(): Promise<Head | undefined> {
  return row(
    `SELECT chain_seq, encode(hash, 'hex') AS hash FROM audit_heads ORDER BY chain_seq DESC LIMIT 1`,
  );
}

/**
 * The fault at the first broken place. `cut_off`: the log ends before the newest noted head. `forged_anchor`: nobody with the
 * keys of this system signed the place where the log begins.
 */
export type Broken = {
  fault: 'forged_anchor' | 'edited' | 'removed' | 'cut_off' | 'other_head' | 'unknown_head';
  chain_seq: number | null;
  entry_id: number | null;
};
/** A sound log: the end of its chain, and how many entries have no place yet. */
export type Sound = Head & { unchained: number };

/**
 * Reads the whole chain in order, from its anchor on if old entries were deleted, and compares it with the noted heads.
 * @param isAnchor says whether an anchor is genuine
 * @param noted a head's hash in hex that somebody kept elsewhere; the chain must contain it
 * @returns the end of a sound chain, or the first fault
 */
export async function verifyAuditLog(
  noted: string | null,
  isAnchor: (anchor: Anchor) => Promise<boolean> = async () => true,
): Promise<Sound | Broken> {
  // Reads the head first: entries chained meanwhile come after it.
  const head = await auditHead();
  const anchor = await auditAnchor();
  if (anchor !== undefined && !(await isAnchor(anchor)))
    return { fault: 'forged_anchor', chain_seq: anchor.chain_seq, entry_id: null };
  const end = await walk(anchor);
  if ('fault' in end) return end;
  if (end.chain_seq < (head?.chain_seq ?? 0))
    return { fault: 'cut_off', chain_seq: end.chain_seq + 1, entry_id: null };
  const other = await otherHead();
  if (other !== undefined) return { fault: 'other_head', ...other };
  if (noted !== null && !(await stands(noted)))
    return { fault: 'unknown_head', chain_seq: null, entry_id: null };
  const waiting = await row<{ count: number }>(
    'SELECT count(*) AS count FROM audit_log WHERE chain_seq IS NULL',
  );
  return { ...end, unchained: waiting?.count ?? 0 };
}

type Step = { looked_at: number; last_seq: number; last_hash: string; entry_id: number | null; fault: null };
type Fault = Omit<Step, 'fault'> & { fault: 'edited' | 'removed' };

/** Checks five thousand entries a statement: a single statement over all would exceed the statement timeout. */
async function walk(anchor: Head | undefined): Promise<Head | Broken> {
  let [seq, hash] = [anchor?.chain_seq ?? 0, anchor?.hash ?? '00'.repeat(32)];
  for (;;) {
    const step = await row<Step | Fault>(
      `SELECT looked_at, last_seq, encode(last_hash, 'hex') AS last_hash, entry_id, fault
       FROM check_audit_chain(:seq, decode(:hash, 'hex'), :LOOK)`,
      { seq, hash, LOOK },
    );
    if (step === undefined) throw new Error('no answer');
    if (step.fault !== null) return { fault: step.fault, chain_seq: step.last_seq, entry_id: step.entry_id };
    [seq, hash] = [step.last_seq, step.last_hash];
    if (step.looked_at < LOOK) return { chain_seq: seq, hash };
  }
}

/** Returns the first noted head that the chain does not have: entries were written anew from there. */
function otherHead(): Promise<{ chain_seq: number; entry_id: number } | undefined> {
  return row(
    `SELECT h.chain_seq, e.id AS entry_id FROM audit_heads h JOIN audit_log e ON e.chain_seq = h.chain_seq
     WHERE e.hash <> h.hash ORDER BY h.chain_seq LIMIT 1`,
  );
}

async function stands(hash: string): Promise<boolean> {
  const found = await row(
    `SELECT id FROM audit_log WHERE hash = decode(:hash, 'hex')
     UNION ALL SELECT chain_seq FROM audit_anchors WHERE hash = decode(:hash, 'hex') LIMIT 1`,
    { hash },
  );
  return found !== undefined;
}

export const tables: Tables = {
  audit_heads: {
    purpose: 'the end of the audit log',
    kept: AS_AUDIT,
    bound: use('RETENTION_AUDIT_DAYS; unset: one a second at most'),
    erased: 'none',
    columns: { technical: 'chain_seq hash at' },
  },
};
