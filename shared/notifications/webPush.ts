import { createCipheriv, createECDH, createPrivateKey, type ECDH, hkdfSync, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { env } from '../base/env.ts';
import { mailFrom, publicUrl } from '../ops/mailSettings.ts';
import { type OutboundAnswer, OutboundError, postOutbound } from '../ops/outbound.ts';
import { isPushService } from './pushServices.ts';

/** What a browser gives to those who may push to it. */
export type Device = { endpoint: string; p256dh: string; auth: string };
export type Urgency = 'low' | 'normal' | 'high';
type Push = { payload: object; ttlS: number; urgency: Urgency; topic: string };

const CURVE = 'prime256v1';
/** The record that RFC 8291 allows is one; it holds 4096 bytes with its header. */
const RECORD = 4_096;
const LIMITS = { timeoutMs: 10_000, maxBytes: 1_024 };
/** Seconds for which a signature holds; RFC 8292 allows a day. */
const SIGNED_FOR = 43_200;

/**
 * Pushes to a device through its browser's service. The address is checked as a webhook's is, and again whether it is a
 * service's.
 * @throws OutboundError when there is no answer
 */
export async function sendPush(
  device: Device,
  { payload, ttlS, urgency, topic }: Push,
): Promise<OutboundAnswer> {
  if (!isPushService(device.endpoint)) throw new OutboundError('address_refused');
  const body = encrypt(Buffer.from(JSON.stringify(payload)), device);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-encoding': 'aes128gcm',
    ttl: String(ttlS),
    urgency,
    topic,
    authorization: `vapid t=${vapidToken(device.endpoint)}, k=${env.VAPID_PUBLIC_KEY}`,
  };
  return postOutbound(device.endpoint, { headers, body, ...LIMITS });
}

/**
 * Encrypts a message for a device (RFC 8291, aes128gcm of RFC 8188).
 * @param own the sender's key and salt, each used once; tests give those of the RFC
 * @throws when the device's keys are not a point of the curve and 16 bytes, or the message is too long
 */
export function encrypt(
  message: Buffer,
  { p256dh, auth }: Pick<Device, 'p256dh' | 'auth'>,
  own = { key: newKey(), salt: randomBytes(16) },
): Buffer {
  const [theirs, secret] = [Buffer.from(p256dh, 'base64url'), Buffer.from(auth, 'base64url')];
  const ours = own.key.getPublicKey();
  const header = Buffer.concat([own.salt, uint32(RECORD), Buffer.from([ours.length]), ours]);
  // A record ends with a byte that says that it is the last one, and with the cipher's tag.
  if (secret.length !== 16 || header.length + message.length + 1 + 16 > RECORD)
    throw new Error('cannot be pushed');
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), theirs, ours]);
  const material = derived(own.key.computeSecret(theirs), secret, info, 32);
  const key = derived(material, own.salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derived(material, own.salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const record = Buffer.concat([cipher.update(message), cipher.update(Buffer.from([2])), cipher.final()]);
  return Buffer.concat([header, record, cipher.getAuthTag()]);
}

/** Says whether a device's keys can be encrypted for. */
export function areKeys(keys: Pick<Device, 'p256dh' | 'auth'>): boolean {
  try {
    encrypt(Buffer.alloc(0), keys);
    return true;
  } catch {
    return false;
  }
}

function newKey(): ECDH {
  const key = createECDH(CURVE);
  key.generateKeys();
  return key;
}

function derived(material: Buffer, salt: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', material, salt, info, length));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Says to the browser's service who pushes (RFC 8292), with an address for its operator. */
function vapidToken(endpoint: string): string {
  const point = Buffer.from(env.VAPID_PUBLIC_KEY, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const key = createPrivateKey({
    key: { kty: 'EC', crv: 'P-256', x, y, d: env.VAPID_PRIVATE_KEY },
    format: 'jwk',
  });
  return jwt.sign({}, key, {
    algorithm: 'ES256',
    audience: new URL(endpoint).origin,
    expiresIn: SIGNED_FOR,
    subject: contact(),
    noTimestamp: true,
  });
}

function contact(): string {
  if (env.MAIL_FROM === '' && env.PUBLIC_URL.startsWith('https:')) return publicUrl();
  return `mailto:${mailFrom().replace(/^.*<|>$/g, '')}`;
}
