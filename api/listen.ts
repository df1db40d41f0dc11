import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { env } from '../shared/base/env.ts';
import { problem } from '../shared/base/errors.ts';
import { boundPipelining, whileConnected } from '../shared/ops/pipelining.ts';
import { buildApp } from './app.ts';
import { sayingClose } from './draining.ts';
import { balancerUnaware } from './health/probes.ts';
import { refuseRaw } from './middleware/raw.ts';
import { attachSockets } from './sockets.ts';
import { routeUpgrades } from './websocket/upgrades.ts';

/** A server that answers: its port, and what closes it once the requests in flight are answered. */
export type Listening = { port: number; close: () => Promise<void> };

/** How long a stopping server goes on taking connections; and where a load balancer still sends it requests. */
const LINGER_MS = 500;
const BALANCED_LINGER_MS = Math.min(8_000, env.SHUTDOWN_GRACE_S * 300);
/** Answers are out by then; what is left are uploads that hang. */
const CLOSE_WITHIN_MS = Math.min(15_000, env.SHUTDOWN_GRACE_S * 500);

/** Serves HTTP and sockets. Throws what `listen` reports, such as EADDRINUSE. Port 0 takes a free one. */
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
    // Requests that are on their way are answered, and /readyz says 503 to balancers that have not looked yet.
    const until = Date.now() + BALANCED_LINGER_MS;
    do await sleep(LINGER_MS);
    while (balancerUnaware() && Date.now() < until);
    // Node lets connections that become idle from now on live as long as any other.
    const idle = setInterval(() => http.closeIdleConnections(), 100);
    const hanging = setTimeout(() => http.closeAllConnections(), CLOSE_WITHIN_MS);
    await closeBoth();
    clearInterval(idle);
    clearTimeout(hanging);
  };
  return { port: (http.address() as AddressInfo).port, close };
}

/** In ms. Each ends a connection that keeps a place without using it. */
const TIMES = {
  /** Until the headers are there. */
  headersTimeout: 10_000,
  /** Until a request is there: an import of 50 MB over a slow line. Other bodies have less, see middleware/body.ts. */
  requestTimeout: 120_000,
  /** Longer than load balancers keep idle connections, or they would send into a closing one. */
  keepAliveTimeout: 65_000,
  /** How often the first two are looked after. */
  connectionsCheckingInterval: 1_000,
};

/** An HTTP server that waits for nobody without end; not listening. `times` as of node's `createServer`. */
export function serverOf(handle: RequestListener, times = TIMES): Server {
  const http = createServer(
    {
      ...times,
      // Bytes of all headers together, and of the request line.
      maxHeaderSize: 16_384,
      // Whoever offers another protocol (h2c) beside HTTP is answered in HTTP.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    handle,
  );
  return http.on('clientError', refuseUnreadable);
}

/** What is no HTTP, or comes too slowly, never reaches the app; it is told so in the same form as everything else. */
function refuseUnreadable(err: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || err.code === 'ECONNRESET') socket.destroy();
  else
    refuseRaw(socket, problem(err.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'bad_request'));
}
