import { randomBytes } from 'node:crypto';
import { lazily } from '../base/lazily.ts';
import { hashToken } from './tokens.ts';

/** RFC 4226 §4: 160 bits. */
const SECRET_BYTES = 20;
/** How many steps the clock of a device may be early or late. */
const WINDOW = 1;
const RECOVERY_CODES = 10;
/** 80 bits: a fast hash is enough. */
const RECOVERY_BYTES = 10;

const otpauth = () => lazily('otpauth') as typeof import('otpauth');

/** What every authenticator app takes: SHA-1, six digits, 30 seconds. */
function totpOf(secret: string, label = '') {
  const { Secret, TOTP } = otpauth();
  return new TOTP({
    issuer: 'Parley',
    label,
    secret: Secret.fromBase32(secret),
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
  });
}

/** Makes a secret, and the address that shows it to an authenticator app as a QR code. */
export function newSecret(label: string): { secret: string; uri: string } {
  const { Secret } = otpauth();
  const secret = new Secret({ size: SECRET_BYTES }).base32;
  return { secret, uri: totpOf(secret, label).toString() };
}

/** Returns the time step that a code belongs to: the present one or a neighbour. Undefined for any other text. */
export function stepOf(secret: string, code: string, timestamp = Date.now()): number | undefined {
  const token = code.replaceAll(' ', '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const totp = totpOf(secret);
  const delta = totp.validate({ token, window: WINDOW, timestamp });
  return delta === null ? undefined : totp.counter({ timestamp }) + delta;
}

/** Makes recovery codes such as `ABCD-EFGH-IJKL-MNOP`, with their hashes. */
export function newRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const { Secret } = otpauth();
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    const text = new Secret({ buffer: new Uint8Array(randomBytes(RECOVERY_BYTES)).buffer }).base32;
    return (text.match(/.{4}/g) ?? []).join('-');
  });
  return { codes, hashes: codes.map(recoveryHash) };
}

/** Returns the hash of a recovery code, however its letters and dashes are typed. */
export function recoveryHash(code: string): string {
  return hashToken(code.toUpperCase().replaceAll(/[^A-Z0-9]/g, ''));
}
