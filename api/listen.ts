import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { env } from '../shared/base/env.ts';
import { problem } from '../shared/base/errors.ts';
import { boundPipelining, whileConnected } from '../shared/ops/pipelining.ts';
import { buildApp } from './app.ts';
import { balancerUnaware } from './health/probes.ts';
import { refuseRaw } from './middleware/raw.ts';
import { attachSockets } from './sockets.ts';
import { routeUpgrades } from './websocket/upgrades.ts';

/** A server that answers. `close` answers the requests in flight and then closes it. */
export type Listening = { port: number; close: () => Promise<void> };

/** How long a stopping server still takes connections: without a load balancer, and at most with one. */
const LINGER_MS = 500;
const BALANCED_LINGER_MS = Math.min(8_000, env.SHUTDOWN_GRACE_S * 300);
/** Answers are sent by then, and only uploads that hang are left. */
const CLOSE_WITHIN_MS = Math.min(15_000, env.SHUTDOWN_GRACE_S * 500);

/**
 * Serves HTTP and sockets. Port 0 takes a free port.
 * @throws what `listen` reports, such as EADDRINUSE
 */
export async function listen(port: number, host: string): Promise<Listening> {
  const handle = whileConnected(buildApp().callback());
  const http = serverOf(handle);
  http.listen(port, host);
  await once(http, 'listening');
  routeUpgrades(http, handle);
  const closeBoth = attachSockets(http);
  boundPipelining(http);
  const sayClose = sayingClose(http);
  const close = async () => {
    sayClose();
    // Requests on their way are still answered. A balancer that has not asked yet gets 503 from /readyz.
    const until = Date.now() + BALANCED_LINGER_MS;
    do await sleep(LINGER_MS);
    while (balancerUnaware() && Date.now() < until);
    // Node keeps connections that become idle after this point, so each tick closes them.
    const idle = setInterval(() => http.closeIdleConnections(), 100);
    const hanging = setTimeout(() => http.closeAllConnections(), CLOSE_WITHIN_MS);
    await closeBoth();
    clearInterval(idle);
    clearTimeout(hanging);
  };
  return { port: (http.address() as AddressInfo).port, close };
}

/** Limits in ms. Each ends a connection that stays open without sending. */
const TIMES = {
  /** Until the headers have arrived. */
  headersTimeout: 10_000,
  /** Until the request has arrived: an import of 50 MB over a slow line. Other bodies have less, see middleware/body.ts. */
  requestTimeout: 120_000,
  /** Longer than load balancers keep idle connections. Otherwise they would send into a closing one. */
  keepAliveTimeout: 65_000,
  /** How often Node checks the first two. */
  connectionsCheckingInterval: 1_000,
};

/** Makes an HTTP server that waits for every client only so long. The server does not listen yet. */
export function serverOf(handle: RequestListener, times = TIMES): Server {
  const http = createServer(
    {
      ...times,
      // Bytes of the request line and all headers together.
      maxHeaderSize: 16_384,
      // Node would answer without a problem document. fewHeaders refuses instead.
      requireHostHeader: false,
      // A client that offers another protocol (h2c) gets its answer in HTTP.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    handle,
  );
  return http.on('clientError', refuseUnreadable);
}

/** Answers a request that is not HTTP, or comes too slowly, with a problem. Such a request never reaches the app. */
function refuseUnreadable(err: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || err.code === 'ECONNRESET') socket.destroy();
  else
    refuseRaw(socket, problem(err.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'bad_request'));
}

/**
 * Prepares a server for its end. A proxy that reads `Connection: close` opens its next connection elsewhere.
 * @returns a function that puts `Connection: close` on every later answer, also to requests that are already here
 */
function sayingClose(http: Server): () => void {
  const begun = new Set<ServerResponse>();
  let draining = false;
  http.prependListener('request', (_, answer: ServerResponse) => {
    if (draining) return say(answer);
    begun.add(answer);
    answer.once('close', () => begun.delete(answer));
  });
  return () => {
    draining = true;
    for (const answer of begun) if (!answer.headersSent) say(answer);
  };
}

function say(answer: ServerResponse): void {
  answer.setHeader('connection', 'close');
}
