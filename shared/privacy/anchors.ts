import { verify } from 'node:crypto';
import type { Anchor } from '../../db/models/auditAnchor.ts';
import { receiptKey } from '../../db/models/erasure.ts';
import { signBytes } from './receipts.ts';

type Place = Pick<Anchor, 'chain_seq' | 'hash'>;

/** Signs the place where the audit log begins, with the key of receipts. */
export function signAnchor(place: Place): Promise<{ key_id: number; signature: string }> {
  return signBytes(bytesOf(place));
}

/** Says whether an anchor is one that this system signed. */
export async function isAnchor(anchor: Anchor): Promise<boolean> {
  const key = await receiptKey(anchor.key_id);
  const signature = Buffer.from(anchor.signature, 'base64');
  return key !== undefined && verify(null, bytesOf(anchor), key.public_key, signature);
}

function bytesOf({ chain_seq, hash }: Place): Buffer {
  return Buffer.from(`audit anchor ${chain_seq} ${hash}`);
}
