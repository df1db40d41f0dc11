import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import ipaddr from 'ipaddr.js';
import { env } from '../base/env.ts';

/** Finds all addresses of a host. Tests give one of their own. */
export type Resolve = (host: string) => Promise<LookupAddress[]>;

const findAddresses = promisify(systemLookup);
const bySystem: Resolve = (host) => findAddresses(host, { all: true });
const RESOLVES_WITHIN_MS = 3_000;
/** The ports below 1024 that serve HTTP. The others speak protocols that a request must not reach. */
const LOW_PORTS = ['', '80', '443'];
/** Names of this machine (RFC 6761), which not every resolver knows. */
const LOCAL = /(^|\.)localhost\.?$/;

/**
 * Checks a URL that a client gave and that this server is going to call. Refuses other schemes, credentials, ports below
 * 1024 and hosts with an address that is not public. WEBHOOK_ALLOW_PRIVATE allows every port and address.
 * A host that does not resolve now passes, since every request checks its address again.
 * @returns what the URL must be, such as `must be an http or https URL`; null when nothing is wrong
 */
export async function faultOfUrl(given: string, resolve: Resolve = bySystem): Promise<string | null> {
  const url = URL.parse(given);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return 'must be an http or https URL';
  if (url.username !== '' || url.password !== '') return 'must be a URL without a user or a password';
  if (env.WEBHOOK_ALLOW_PRIVATE) return null;
  if (!LOW_PORTS.includes(url.port) && Number(url.port) < 1_024)
    return 'must be a URL with port 80, 443 or one from 1024 on';
  const found = LOCAL.test(url.hostname) ? ['127.0.0.1'] : await addressesOf(url, resolve);
  return found.every(isPublic) ? null : 'must be a URL whose host has public addresses only';
}

/**
 * Says whether an address belongs to the public internet. Private, loopback, link-local and reserved ones do not. Nor do IPv6
 * addresses that carry an IPv4 address, other than mapped ones, which count as the address they carry.
 */
export function isPublic(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed.toString() === OF_THE_HOST) return false;
  // Of IPv6, 2000::/3 alone is handed out. The library takes all that is not reserved for public, such as ::127.0.0.1.
  return parsed.range() === 'unicast' && (parsed instanceof ipaddr.IPv4 || parsed.match(HANDED_OUT));
}

/** Looks public, and is the machine below in Azure's cloud, which answers its guests alone. */
const OF_THE_HOST = '168.63.129.16';
const HANDED_OUT = ipaddr.IPv6.parseCIDR('2000::/3');

/** Why a request has no answer. */
export type OutboundTrouble = 'address_refused' | 'timeout' | 'unreachable';
export class OutboundError extends Error {
  readonly trouble: OutboundTrouble;
  constructor(trouble: OutboundTrouble, cause?: unknown) {
    super(trouble, { cause });
    this.name = 'OutboundError';
    this.trouble = trouble;
  }
}

/** `body` is the beginning of the answer, which may be cut within a character. */
export type OutboundAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer };
export type OutboundRequest = {
  headers: Record<string, string>;
  body: string | Uint8Array;
  /** For the whole request, from the lookup to the last byte that is read. */
  timeoutMs: number;
  /** How much of the answer is read. The connection is closed there. */
  maxBytes: number;
  resolve?: Resolve;
};

/**
 * Posts to a URL that a client gave. Connects to the addresses that were checked and to no other, so a name that resolves anew
 * cannot lead elsewhere. Follows no redirect. The status counts, even if the answer's body breaks off.
 * @throws OutboundError when there is no answer
 */
export async function postOutbound(given: string, request: OutboundRequest): Promise<OutboundAnswer> {
  const { headers, body, timeoutMs, maxBytes, resolve = bySystem } = request;
  const url = new URL(given);
  const { request: ask, Agent } = url.protocol === 'https:' ? https : http;
  const signal = AbortSignal.timeout(timeoutMs);
  const literal = hostOf(url);
  if (isIP(literal) !== 0 && !mayConnect(literal)) throw new OutboundError('address_refused');
  return new Promise((done, failed) => {
    const sent = ask(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: pinned(resolve),
      // An agent of its own: no connection stays open, and no proxy of the environment is asked.
      agent: new Agent({ keepAlive: false }),
      signal,
    });
    // An error after the answer's head changes nothing any more: `beginningOf` decides the promise.
    let answered = false;
    sent.on('error', (err) => {
      if (!answered) failed(signal.aborted ? new OutboundError('timeout', err) : asTrouble(err));
    });
    sent.on('response', (answer) => {
      answered = true;
      void beginningOf(answer, maxBytes).then((read) => {
        sent.destroy();
        done({ status: answer.statusCode ?? 0, headers: answer.headers, body: read });
      });
    });
    sent.end(body);
  });
}

function mayConnect(address: string): boolean {
  return env.WEBHOOK_ALLOW_PRIVATE || isPublic(address);
}

/** Returns the lookup of a connection, which gives only addresses that were checked. One bad address refuses the host. */
function pinned(resolve: Resolve): LookupFunction {
  return (host, options, done) => {
    resolve(host).then(
      (found) => {
        const wanted = found.filter(({ family }) => !options.family || family === options.family);
        const [first] = wanted;
        if (first === undefined || !found.every(({ address }) => mayConnect(address)))
          done(new OutboundError(first === undefined ? 'unreachable' : 'address_refused'), '', 0);
        else if (options.all) done(null, wanted);
        else done(null, first.address, first.family);
      },
      (err: NodeJS.ErrnoException) => done(err, '', 0),
    );
  };
}

/** Reads an answer up to its end, `maxBytes` or its breaking off. */
async function beginningOf(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const read: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      read.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) break;
    }
  } catch {
    // The status says what the receiver made of the request.
  }
  return Buffer.concat(read).subarray(0, maxBytes);
}

/**
 * At most two lookups for checks run at once: the system's resolver shares four threads with files and hashes of passwords. A
 * name whose server is silent holds its thread. A host that is not looked up passes, as one that does not resolve.
 */
const LOOKUPS_AT_ONCE = 2;
let lookups = 0;

async function addressesOf(url: URL, resolve: Resolve): Promise<string[]> {
  const host = hostOf(url);
  if (isIP(host) !== 0) return [host];
  if (lookups >= LOOKUPS_AT_ONCE) return [];
  lookups += 1;
  const looked = resolve(host)
    .catch(() => [])
    .finally(() => {
      lookups -= 1;
    });
  const late = new Promise<[]>((none) => setTimeout(none, RESOLVES_WITHIN_MS, []).unref());
  const found = await Promise.race([looked, late]);
  return found.map(({ address }) => address);
}

/** Returns the host as a lookup takes it. URL has turned decimal, octal and hexadecimal IPv4 addresses into dotted ones. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function asTrouble(err: unknown): OutboundError {
  return err instanceof OutboundError ? err : new OutboundError('unreachable', err);
}
