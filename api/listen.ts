import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildApp } from './app.ts';
import { attachSockets } from './sockets.ts';

/** A server that answers: its port, and what closes it once the requests in flight are answered. */
export type Listening = { port: number; close: () => Promise<void> };

/** Serves HTTP and sockets. Throws what `listen` reports, such as EADDRINUSE. Port 0 takes a free one. */
export async function listen(port: number, host: string): Promise<Listening> {
  const http = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // Longer than load balancers keep idle connections, or they would send into a closing one.
      keepAliveTimeout: 65_000,
    },
    buildApp().callback(),
  );
  http.listen(port, host);
  await once(http, 'listening');
  const close = attachSockets(http);
  return { port: (http.address() as AddressInfo).port, close };
}
