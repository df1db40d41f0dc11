import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { presentProblem, problem } from '../shared/errors.ts';
import { buildApp } from './app.ts';
import { attachSockets } from './sockets.ts';
import { routeUpgrades } from './websocket/upgrades.ts';

/** A server that answers: its port, and what closes it once the requests in flight are answered. */
export type Listening = { port: number; close: () => Promise<void> };

/** How long a stopping server goes on taking connections. */
const LINGER_MS = 500;
/** Answers are out by then; what is left are uploads that hang. */
const CLOSE_WITHIN_MS = 15_000;

/** Serves HTTP and sockets. Throws what `listen` reports, such as EADDRINUSE. Port 0 takes a free one. */
export async function listen(port: number, host: string): Promise<Listening> {
  const handle = buildApp().callback();
  const http = createServer(
    {
      headersTimeout: 10_000,
      // An import of 50 MB over a slow line; bodies of other routes are bounded in bytes.
      requestTimeout: 120_000,
      // Longer than load balancers keep idle connections, or they would send into a closing one.
      keepAliveTimeout: 65_000,
      // Whoever offers another protocol (h2c) beside HTTP is answered in HTTP.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    handle,
  );
  http.on('clientError', refuseUnreadable);
  http.listen(port, host);
  await once(http, 'listening');
  routeUpgrades(http, handle);
  const closeBoth = attachSockets(http);
  const close = async () => {
    // Balancers that have not looked yet still send requests: they are answered, and /readyz says 503.
    await sleep(LINGER_MS);
    // Node lets connections that become idle from now on live as long as any other.
    const idle = setInterval(() => http.closeIdleConnections(), 100);
    const hanging = setTimeout(() => http.closeAllConnections(), CLOSE_WITHIN_MS);
    await closeBoth();
    clearInterval(idle);
    clearTimeout(hanging);
  };
  return { port: (http.address() as AddressInfo).port, close };
}

/** What is no HTTP never reaches the app; it is told so in the same form as everything else. */
function refuseUnreadable(err: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || err.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(presentProblem(problem('bad_request'), '/'));
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${randomUUID()}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
