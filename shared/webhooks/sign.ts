import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** Returns a new secret as Standard Webhooks writes it: `whsec_` and 32 bytes in base64. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** The parts of a request that are signed. `timestamp`: seconds since 1970, of this try. */
export type Signed = { id: string; timestamp: number; body: string };

/** Returns a signature of Standard Webhooks: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. */
export function sign(secret: string, { id, timestamp, body }: Signed): string {
  const key = Buffer.from(secret.replace(PREFIX, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** Says whether one of the signatures of a `webhook-signature` header was made with the secret. */
export function isSignedBy(secret: string, header: string, signed: Signed): boolean {
  const wanted = Buffer.from(sign(secret, signed));
  return header.split(' ').some((one) => {
    const given = Buffer.from(one);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
