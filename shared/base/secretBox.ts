import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { die, env } from './env.ts';

const VERSION = 'v1';
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const KEY_LENGTH = 32;

/**
 * Encrypts a secret for a row, with AES-256-GCM under the first of DATA_KEYS, or without any under the first of JWT_SECRET.
 * @param label names where the secret is kept, such as `webhook:7`; the text opens under this label only
 * @returns a text that names its key, `v1.key.nonce.sealed`
 */
export function seal(secret: string, label: string): string {
  const [key] = keys();
  if (key === undefined) throw new Error('neither DATA_KEYS nor JWT_SECRET is set');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.bytes, nonce).setAAD(Buffer.from(label));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [VERSION, key.name, nonce.toString('base64url'), sealed.toString('base64url')].join('.');
}

/**
 * Decrypts what `seal` returned, under whichever key sealed it.
 * @throws Error when that key is not configured any more, or when text or label was changed
 */
export function unseal(text: string, label: string): string {
  const [version, name, nonce = '', sealed = ''] = text.split('.');
  const key = keys().find((one) => one.name === name);
  if (version !== VERSION || key === undefined) throw new Error('no configured key opens this secret');
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv(ALGORITHM, key.bytes, Buffer.from(nonce, 'base64url'), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(label))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  return decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}
const TAG_BYTES = 16;

/** Says whether a text is sealed under the key that seals now. Otherwise sealing it anew lets the old key go. */
export function isCurrent(text: string): boolean {
  return text.split('.')[1] === keys()[0]?.name;
}

/** Ends the process with one line when there is no key to seal with, or one that is too short. */
export function requireDataKeys(): void {
  if (keys().length === 0) die('DATA_KEYS or JWT_SECRET is not set');
  if (env.DATA_KEYS.some((key) => key.length < KEY_LENGTH))
    die(`DATA_KEYS must be a list of keys of at least ${KEY_LENGTH} random characters`);
}

type Key = { name: string; bytes: Buffer };
const derived = new Map<string, Key>();

/**
 * Returns the keys, the one that seals first. Those of JWT_SECRET still open what was sealed before DATA_KEYS was set.
 * A secret of any form becomes 32 bytes (HKDF, RFC 5869).
 */
function keys(): Key[] {
  return [...env.DATA_KEYS, ...env.JWT_SECRET].map((secret) => {
    const known = derived.get(secret) ?? derive(secret);
    derived.set(secret, known);
    return known;
  });
}

function derive(secret: string): Key {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', 'parley data key', KEY_LENGTH));
  return { name: createHash('sha256').update(bytes).digest('hex').slice(0, 12), bytes };
}
