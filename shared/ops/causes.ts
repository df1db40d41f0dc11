import { env } from '../base/env.ts';

/**
 * Names for operators why a server cannot be reached. Uses fixed words: an error's text may hold a host, a user or a
 * password.
 * @returns for instance `wrong password`; `timeout` or `unreachable` if the error says no more
 */
export function causeOf(err: unknown): string {
  if (!(err instanceof Error)) return 'unreachable';
  const { code, cause } = err as { code?: unknown; cause?: unknown };
  const byCode = typeof code === 'string' ? CODES[code] : undefined;
  if (byCode !== undefined) return byCode.replace('DATABASE', databaseName);
  const said = SAID.find(([pattern]) => pattern.test(err.message));
  if (said !== undefined) return said[1];
  // fetch puts the error of the connection into `cause`.
  if (cause instanceof Error) return causeOf(cause);
  return /timeout/i.test(err.name + err.message) ? 'timeout' : 'unreachable';
}

/** SQLSTATEs of a refused connection, and Node's codes for names and certificates. */
const CODES: Record<string, string> = {
  '28P01': 'wrong password',
  '28000': 'this user may not connect',
  '3D000': 'database DATABASE does not exist',
  '42501': 'this user may not use database DATABASE',
  '53300': 'too many connections',
  '57P01': 'shutting down',
  '57P02': 'shutting down',
  '57P03': 'starting up',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name not found',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate not trusted',
  CERT_HAS_EXPIRED: 'certificate expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate of another host',
};

/** Messages of errors without codes, of Redis and pg. */
const SAID: [RegExp, string][] = [
  [/\bNOAUTH\b/, 'password required'],
  [/\bWRONGPASS\b|invalid password/, 'wrong password'],
  [/\bNOPERM\b/, 'this user may not do this'],
  [/\bLOADING\b/, 'loading its data'],
  [/\bMASTERDOWN\b/, 'its primary is away'],
  [/\bCLUSTERDOWN\b/, 'the cluster is down'],
  [/\bMISCONF\b/, 'it cannot save its data'],
  [/\bOOM\b/, 'its memory is full'],
  [/max number of clients reached/, 'too many connections'],
  [/client password must be a string/, 'password required'],
  [/server does not support SSL/, 'no TLS at the server'],
];

const databaseName = JSON.stringify(nameIn(env.DATABASE_URL));

function nameIn(url: string): string {
  const { pathname = '', username = '' } = URL.parse(url) ?? {};
  const name = pathname.slice(1) || username;
  try {
    return decodeURIComponent(name).slice(0, 63);
  } catch {
    return name.slice(0, 63);
  }
}
