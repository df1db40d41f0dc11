import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { rateLimited } from './metrics.ts';

/** Browsers and proxies send requests one by one. A client that pipelines sends a few ahead. */
const AT_A_TIME = 32;
const underWay = new WeakMap<Socket, number>();

/**
 * Ends each connection that has more than 32 requests under way. HTTP/1.1 lets a client send any number ahead, and Node
 * passes each one on. Call this after all other listeners of requests are added.
 */
export function boundPipelining(server: Server): void {
  server.prependListener('request', count);
}

/** Returns the handler, which then ignores requests whose connection has been ended. */
export function whileConnected(handle: RequestListener): RequestListener {
  return (req, res) => {
    if (!req.socket.destroyed) return handle(req, res);
  };
}

function count({ socket }: IncomingMessage, res: ServerResponse): void {
  const requests = (underWay.get(socket) ?? 0) + 1;
  underWay.set(socket, requests);
  res.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
  if (requests <= AT_A_TIME || socket.destroyed) return;
  rateLimited.inc({ limit: 'pipelined' });
  socket.destroy();
}
