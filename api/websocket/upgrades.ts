import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ServerOptions, WebSocketServer } from 'ws';
import { problem } from '../../shared/base/errors.ts';
import { stopping } from '../../shared/base/stop.ts';
import type { Ctx } from '../middleware/ctx.ts';
import { BODY_LIMIT } from '../middleware/body.ts';
import { refuseRaw } from '../middleware/raw.ts';
import { BoundedSocket, countDial } from '../sockets/bounded.ts';

type Upgrade = { socket: Socket; head: Buffer; release: () => void };
const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** The subprotocol. A client may offer its token beside it: `Sec-WebSocket-Protocol: parley, <token>`. */
const PROTOCOL = 'parley';

/** A client that does not answer the closing handshake is cut off after this time. */
const CLOSE_WITHIN_MS = 2_000;
/** A frame above maxPayload closes the connection with code 1009. The types of ws lack closeTimeout. */
const options: ServerOptions<typeof BoundedSocket> & { closeTimeout: number } = {
  noServer: true,
  WebSocket: BoundedSocket,
  // By default ws chooses the first subprotocol offered, which may be a token.
  handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : ([...offered][0] ?? false)),
  maxPayload: BODY_LIMIT,
  closeTimeout: CLOSE_WITHIN_MS,
};
const server = new WebSocketServer(options);

/**
 * Sends upgrade requests through the routes, so that a refused one gets the same problem as any other request. Leaves
 * upgrades of Socket.IO alone.
 */
export function routeUpgrades(http: Server, handle: RequestListener): void {
  http.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    // Neither Node nor Socket.IO listens for errors of a refused upgrade. Without a listener a reset would end the process.
    socket.on('error', ignore);
    if (req.url?.startsWith('/socket.io/')) return;
    try {
      countDial(req);
    } catch (err) {
      return refuseRaw(socket, err);
    }
    const res = new ServerResponse(req);
    const close = () => socket.destroySoon();
    const release = () => {
      res.off('finish', close);
      res.detachSocket(socket);
    };
    upgrades.set(req, { socket, head, release });
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once('finish', close);
    handle(req, res);
  });
}

/** A listener of its own for each socket would keep the socket's request. */
function ignore(): void {}

/** Returns the token that a client offers as a subprotocol, or undefined. */
export function offeredToken(ctx: Ctx): string | undefined {
  const offered = ctx
    .get('Sec-WebSocket-Protocol')
    .split(',', 3)
    .map((name) => name.trim());
  return offered.includes(PROTOCOL) ? offered.find((name) => name !== PROTOCOL && name !== '') : undefined;
}

export function isUpgrade(ctx: Ctx): boolean {
  return upgrades.has(ctx.req);
}

/** Turns a request into a WebSocket. ws itself refuses a bad handshake. @throws Problem `bad_request`, `service_unavailable` */
export function upgrade(ctx: Ctx, connected: (socket: BoundedSocket) => void): void {
  const asked = upgrades.get(ctx.req);
  if (asked === undefined) throw problem('bad_request', 'This route is a WebSocket: ask for an upgrade');
  if (stopping()) throw problem('service_unavailable', undefined, { retryAfterS: 1 });
  asked.release();
  ctx.respond = false;
  ctx.status = 101;
  server.handleUpgrade(ctx.req, asked.socket, asked.head, connected);
  // Ends Koa's wait for its answer. Otherwise Koa would report later errors of the socket as its own.
  ctx.res.emit('finish');
}
