import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import rawBody from 'raw-body';
import { Problem, problem } from '../../shared/base/errors.ts';
import type { Context } from './context.ts';

/** Bytes, after inflation. */
export const BODY_LIMIT = 256 * 1024;

/**
 * The body as JSON, whatever its content type says; an empty body is `{}`.
 * Throws `body_too_large`, `unsupported_encoding`, `request_timeout`, and `malformed_json` for what is no UTF-8 or no JSON.
 */
export async function readJson(ctx: Context): Promise<unknown> {
  return parseJson(await readBytes(ctx.req));
}

/** The same for bytes that came another way (a socket's frame). */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw problem('malformed_json');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body of an HTML form. Throws as `readJson` does. */
export async function readForm(ctx: Context): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams((await readBytes(ctx.req)).toString()));
}

function readBytes(req: IncomingMessage): Promise<Buffer> {
  return withBody(req, async (stream) => {
    try {
      return await inTime(req, rawBody(stream, { limit: BODY_LIMIT, length: declaredLength(req) }));
    } catch (err) {
      if (err instanceof Problem) throw err;
      throw err instanceof Error && 'status' in err && err.status === 413
        ? problem('body_too_large', `The limit is ${BODY_LIMIT} bytes`)
        : problem('malformed_json', 'The body could not be read');
    }
  });
}

/** The limit above comes within that over any line that can carry a chat. */
const READ_WITHIN_MS = 20_000;

/** Whoever sends a body byte by byte is not waited for: throws `request_timeout`, and the connection is closed. */
async function inTime(req: IncomingMessage, reading: Promise<Buffer>): Promise<Buffer> {
  // What is in memory already needs no clock.
  if (req.complete) return reading;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(problem('request_timeout')), READ_WITHIN_MS);
  });
  return Promise.race([reading, late]).finally(() => clearTimeout(timer));
}

/**
 * Hands the body's bytes, whatever encoding they came in, to `read`, which may stop early but must not destroy them.
 * Throws `unsupported_encoding` and what `read` throws.
 */
export async function withBody<T>(req: IncomingMessage, read: (bytes: Readable) => Promise<T>): Promise<T> {
  const stream = inflate(req);
  // An aborted upload would leave the inflater, and us, waiting for ever.
  const abort = () => stream !== req && !req.complete && stream.destroy(new Error('aborted'));
  req.once('close', abort);
  // It may fail before anybody reads, who then hears of it.
  stream.on('error', () => {});
  try {
    return await read(stream);
  } finally {
    req.off('close', abort);
    if (stream !== req) discard(req, stream);
  }
}

/** The length is known beforehand only of what is not compressed. */
function declaredLength(req: IncomingMessage): string | null {
  return encodingOf(req) === 'identity' ? (req.headers['content-length'] ?? null) : null;
}

function inflate(req: IncomingMessage): Readable {
  switch (encodingOf(req)) {
    case 'identity':
      return req;
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return req.pipe(createUnzip());
    case 'br':
      return req.pipe(createBrotliDecompress());
    default:
      throw problem('unsupported_encoding', 'gzip, deflate, br or identity');
  }
}

function encodingOf(req: IncomingMessage): string {
  return req.headers['content-encoding']?.trim().toLowerCase() || 'identity';
}

/** What is left of a body that was given up is read and dropped by node once the answer is out. */
function discard(req: IncomingMessage, inflater: Readable): void {
  req.unpipe();
  inflater.destroy();
}
