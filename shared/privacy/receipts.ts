import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { knex } from '../../db/knex.ts';
import { type Erasure, keepReceiptKey, type ReceiptKey, receiptKey } from '../../db/models/erasure.ts';
import { log } from '../base/log.ts';
import { seal, unseal } from '../base/secretBox.ts';

/** What a receipt says of an erasure. Whoever knows the receipt may read it. */
export type Receipt = {
  receipt: string;
  status: Erasure['status'];
  requested_at: string;
  completed_at: string | null;
  /** Removed rows by table. */
  erased: Record<string, number>;
  kept: Erasure['kept'];
};
export type SignedReceipt = Receipt & { signature: string | null; public_key: string | null };

/** Returns a new receipt: 32 characters that nobody guesses. */
export function newReceipt(): string {
  return randomBytes(24).toString('base64url');
}

/** Returns an erasure's receipt, with its signature and the key that verifies it once the erasure is complete. */
export async function receiptOf(erasure: Erasure): Promise<SignedReceipt> {
  const key = erasure.key_id === null ? undefined : await receiptKey(erasure.key_id);
  return { ...partsOf(erasure), signature: erasure.signature, public_key: key?.public_key ?? null };
}

/** Returns the parts of a receipt that its signature covers. */
export function partsOf(erasure: Erasure): Receipt {
  const { receipt, status, requested_at, completed_at, erased, kept } = erasure;
  return {
    receipt,
    status,
    requested_at: requested_at.toISOString(),
    completed_at: completed_at?.toISOString() ?? null,
    erased,
    kept,
  };
}

/** Signs a receipt with Ed25519. @returns the key's id, and the signature in base64 */
export function signReceipt(receipt: Receipt): Promise<{ key_id: number; signature: string }> {
  return signBytes(bytesOf(receipt));
}

/** Signs what this system says. The first call makes the key. @returns the key's id, and the signature in base64 */
export async function signBytes(bytes: Buffer): Promise<{ key_id: number; signature: string }> {
  const newest = (await receiptKey(null)) ?? (await makeKey(0));
  const { id, key } = opened(newest) ?? open(await makeKey(newest.id));
  return { key_id: id, signature: sign(null, bytes, key).toString('base64') };
}

/**
 * Opens a key; undefined where no configured key opens its secret any more, as after a restore elsewhere. Another key signs
 * then, because an erasure must end. What the old one signed still verifies.
 */
function opened(key: ReceiptKey): ReturnType<typeof open> | undefined {
  try {
    return open(key);
  } catch (err) {
    log.error({ err, key_id: key.id }, 'Key of receipts cannot be read; a new one signs from now on');
    return undefined;
  }
}

function open({ id, sealed }: ReceiptKey): { id: number; key: KeyObject } {
  return { id, key: createPrivateKey(unseal(sealed, label(id))) };
}

/** Says whether a receipt is as it was signed. @param publicKey PEM */
export function isGenuine({ signature, ...rest }: SignedReceipt, publicKey: string): boolean {
  const { receipt, status, requested_at, completed_at, erased, kept } = rest;
  const signed = { receipt, status, requested_at, completed_at, erased, kept };
  return signature !== null && verify(null, bytesOf(signed), publicKey, Buffer.from(signature, 'base64'));
}

/** Makes a key that is newer than `after`, unless another process has made one. */
function makeKey(after: number): Promise<ReceiptKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const sealFor = (id: number) => seal(privateKey, label(id));
  return knex.transaction((trx) => keepReceiptKey(publicKey, after, sealFor, trx));
}

/** Where the private key of receipts is kept; see `seal`. */
export const label = (id: number) => `receipt_key:${id}`;

/** Returns a receipt as JSON with sorted names, so that it has the same bytes after it was stored and read again. */
function bytesOf(receipt: Receipt): Buffer {
  return Buffer.from(JSON.stringify(receipt, sorted));
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
