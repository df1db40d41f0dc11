import type { Knex } from 'knex';
import { ids, row, rows } from '../sql.ts';
import { mayBeTried } from './erasureFailure.ts';
import { type Tables, FOR_GOOD, operators, use } from '../personalData.ts';

export type Counts = Record<string, number>;
export type Erasure = {
  id: number;
  receipt: string;
  pseudonym: string;
  /** Null once nothing of the account is left. */
  user_id: number | null;
  status: 'erasing' | 'erased';
  requested_at: Date;
  completed_at: Date | null;
  erased: Counts;
  kept: Kept[];
  key_id: number | null;
  signature: string | null;
};
export type Kept = { what: string; why: string };
/**
 * A begun erasure. ended: runs for the caller to announce. last_admin: nothing began, because the account is the last
 * administrator.
 */
export type Begun = { receipt: string | null; ended: number[]; last_admin: boolean };

const COLUMNS =
  'id, receipt, pseudonym, user_id, status, requested_at, completed_at, erased, kept, key_id, signature';

/** Shuts an account out and enters its erasure in the ledger. @returns undefined when there is no such account */
export function beginErasure(
  userId: number,
  receipt: string,
  reason: string | null,
  trx?: Knex,
): Promise<Begun | undefined> {
  return row<Begun>(
    'SELECT * FROM begin_erasure(:userId, :receipt, :reason)',
    { userId, receipt, reason },
    trx,
  );
}

/** Returns an erasure by its receipt. */
export function findErasure(receipt: string): Promise<Erasure | undefined> {
  return row<Erasure>(`SELECT ${COLUMNS} FROM erasures WHERE receipt = :receipt`, { receipt });
}

/** Returns an erasure by its id. */
export function erasureById(id: number): Promise<Erasure | undefined> {
  return row<Erasure>(`SELECT ${COLUMNS} FROM erasures WHERE id = :id`, { id });
}

/** Returns erasures that are not complete, oldest first. */
export function erasuresOwed(graceMs: number): Promise<number[]> {
  return ids(
    `SELECT id FROM erasures WHERE status = 'erasing'
       AND requested_at < clock_timestamp() - :graceMs * interval '1 ms' AND ${mayBeTried('erasures.user_id')}
     ORDER BY requested_at LIMIT 100`,
    { graceMs },
  );
}

/** Returns the whole ledger, oldest first. */
export function ledger(): Promise<Pick<Erasure, 'receipt' | 'pseudonym' | 'requested_at'>[]> {
  return rows('SELECT receipt, pseudonym, requested_at FROM erasures ORDER BY id');
}

/** Returns the account with a pseudonym: one that a backup brought back, or one not erased yet. */
export async function accountOf(pseudonym: string): Promise<number | undefined> {
  const found = await row<{ id: number }>('SELECT id FROM users WHERE pseudonym = CAST(:pseudonym AS uuid)', {
    pseudonym,
  });
  return found?.id;
}

/**
 * Removes a batch of what is an account's.
 * @param others tables with further rows, and their column of the account's id
 * @returns whether nothing is left; undefined when it must wait for a run's end
 */
export async function eraseAccount(
  userId: number,
  batch: number,
  others: Record<string, string>,
): Promise<boolean | undefined> {
  const found = await row<{ gone: boolean }>(
    'SELECT gone FROM erase_account(:userId, :batch, CAST(:tables AS jsonb))',
    { userId, batch, tables: JSON.stringify(others) },
  );
  return found?.gone;
}

/** Says whether an account has a row. */
export async function accountExists(userId: number): Promise<boolean> {
  return (await row('SELECT id FROM users WHERE id = :userId', { userId })) !== undefined;
}

/** Returns deliveries whose logs and jobs in Redis may be left, as `id-generation`. */
export async function deliveriesLeft(id: number): Promise<string[]> {
  const found = await row<{ deliveries: string[] }>('SELECT deliveries FROM erasures WHERE id = :id', { id });
  return found?.deliveries ?? [];
}

/** Forgets deliveries whose logs and jobs are gone from Redis. */
export async function forgetDeliveries(id: number, gone: string[]): Promise<void> {
  await rows(
    `UPDATE erasures SET deliveries = ARRAY(SELECT unnest(deliveries) EXCEPT SELECT unnest(CAST(:gone AS text[])))
     WHERE id = :id`,
    { id, gone },
  );
}

/** Completes an erasure: its receipt is signed, and the account's id goes. Changes nothing a second time. */
export async function completeErasure(
  id: number,
  signed: { completed_at: Date; kept: Kept[]; key_id: number; signature: string },
): Promise<void> {
  await rows(
    `UPDATE erasures SET status = 'erased', user_id = NULL, completed_at = :completed_at,
       kept = CAST(:kept AS jsonb), key_id = :key_id, signature = :signature
     WHERE id = :id AND status = 'erasing'`,
    { id, ...signed, kept: JSON.stringify(signed.kept) },
  );
}

export type ReceiptKey = { id: number; public_key: string; sealed: string };

/** Returns a key of receipts: by its id, or the newest. */
export function receiptKey(id: number | null): Promise<ReceiptKey | undefined> {
  return row<ReceiptKey>(
    `SELECT id, public_key, sealed FROM receipt_keys WHERE CAST(:id AS bigint) IS NULL OR id = :id
     ORDER BY id DESC LIMIT 1`,
    { id },
  );
}

/** Stores a key that signs receipts. @returns the first one that was stored since the key `after`, so that one key signs */
export async function keepReceiptKey(
  public_key: string,
  after: number,
  seal: (id: number) => string,
  trx: Knex,
): Promise<ReceiptKey> {
  await rows('LOCK TABLE receipt_keys IN EXCLUSIVE MODE', {}, trx);
  const first = await row<ReceiptKey>(
    'SELECT id, public_key, sealed FROM receipt_keys WHERE id > :after ORDER BY id LIMIT 1',
    { after },
    trx,
  );
  if (first !== undefined) return first;
  const next = await row<{ id: number }>(
    `SELECT nextval(pg_get_serial_sequence('receipt_keys', 'id')) AS id`,
    {},
    trx,
  );
  const id = next?.id ?? 0;
  const kept = { id, public_key, sealed: seal(id) };
  await rows(
    'INSERT INTO receipt_keys (id, public_key, sealed) OVERRIDING SYSTEM VALUE VALUES (:id, :public_key, :sealed)',
    kept,
    trx,
  );
  return kept;
}

/** Returns every key that ever signed receipts, as PEM. */
export async function receiptKeys(): Promise<string[]> {
  const keys = await rows<{ public_key: string }>('SELECT public_key FROM receipt_keys ORDER BY id');
  return keys.map(({ public_key }) => public_key);
}

export const tables: Tables = {
  erasures: {
    purpose: 'receipts of erasures, and repeating them on a restored backup',
    kept: FOR_GOOD,
    bound: use('one for each erased account; kept, because it proves the erasure'),
    erased: 'unlinked',
    columns: {
      link: 'id user_id pseudonym key_id',
      behaviour: 'status reason requested_at completed_at erased kept',
      technical: 'receipt deliveries signature',
    },
  },
  receipt_keys: {
    sealed: { column: 'sealed', id: 'id', label: 'id', prefix: 'receipt_key', newest: true },
    purpose: 'signing receipts',
    kept: FOR_GOOD,
    bound: operators('one; another where it cannot be read'),
    erased: 'none',
    columns: { technical: 'id public_key created_at', secret: 'sealed' },
  },
};
