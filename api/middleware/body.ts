import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import rawBody from 'raw-body';
import { Problem, problem } from '../../shared/base/errors.ts';
import { inTime } from '../../shared/base/inTime.ts';
import type { Ctx } from './ctx.ts';

/** Bytes of a body, after inflation. */
export const BODY_LIMIT = 256 * 1024;

/**
 * Reads the body as JSON, whatever its content type says. An empty body is `{}`.
 * @throws Problem `body_too_large`, `unsupported_encoding`, `request_timeout`; `malformed_json` for what is not UTF-8 or not JSON
 */
export async function readJson(ctx: Ctx): Promise<unknown> {
  return parseJson(await readBytes(ctx.req));
}

/** Parses bytes as JSON, such as a socket's frame. No bytes are `{}`. @throws Problem `malformed_json` */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw problem('malformed_json');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the body of an HTML form. @throws Problem as `readJson` does */
export async function readForm(ctx: Ctx): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams((await readBytes(ctx.req)).toString()));
}

function readBytes(req: IncomingMessage): Promise<Buffer> {
  return withBody(req, async (stream) => {
    try {
      return await arrived(req, rawBody(stream, { limit: BODY_LIMIT, length: declaredLength(req) }));
    } catch (err) {
      if (err instanceof Problem) throw err;
      throw err instanceof Error && 'status' in err && err.status === 413
        ? problem('body_too_large', `The limit is ${BODY_LIMIT} bytes`)
        : problem('malformed_json', 'The body could not be read');
    }
  });
}

/** Any line that can carry a chat delivers BODY_LIMIT in this time. */
const READ_WITHIN_MS = 20_000;

/** Waits for a body, but not for a client that sends it byte by byte. @throws Problem `request_timeout` */
function arrived(req: IncomingMessage, reading: Promise<Buffer>): Promise<Buffer> {
  // A body that has already arrived needs no timer.
  if (req.complete) return reading;
  return inTime(READ_WITHIN_MS, reading, () => problem('request_timeout'));
}

/**
 * Inflates the body and passes its bytes to `read`, which may stop early but must not destroy the stream.
 * @throws Problem `unsupported_encoding`; what `read` throws
 */
export async function withBody<T>(req: IncomingMessage, read: (bytes: Readable) => Promise<T>): Promise<T> {
  const stream = inflate(req);
  // Otherwise the inflater would wait for ever after an aborted upload, and so would `read`.
  const abort = () => stream !== req && !req.complete && stream.destroy(new Error('aborted'));
  req.once('close', abort);
  // The stream may fail before `read` begins. `read` gets that error when it reads.
  stream.on('error', () => {});
  try {
    return await read(stream);
  } finally {
    req.off('close', abort);
    if (stream !== req) discard(req, stream);
  }
}

/** Returns the length of the body, known in advance only for a body that is not compressed. */
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
      throw problem('unsupported_encoding', 'The content encoding must be gzip, deflate, br or identity');
  }
}

function encodingOf(req: IncomingMessage): string {
  return req.headers['content-encoding']?.trim().toLowerCase() || 'identity';
}

/** Stops inflating. Node reads and drops the rest of the body after the answer. */
function discard(req: IncomingMessage, inflater: Readable): void {
  req.unpipe();
  inflater.destroy();
}
