import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { presentProblem } from '../../shared/base/errors.ts';

/** Answers a connection that the app never sees with a problem, and closes it. */
export function refuseRaw(socket: Duplex, err: unknown): void {
  const body = presentProblem(err, '/');
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(text)}`,
      `X-Request-Id: ${randomUUID()}`,
      'X-Content-Type-Options: nosniff',
      'Connection: close',
      '',
      text,
    ].join('\r\n'),
    // A client may never close its side.
    () => socket.destroy(),
  );
}
