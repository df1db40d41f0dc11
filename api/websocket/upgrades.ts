import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ServerOptions, WebSocketServer } from 'ws';
import { problem } from '../../shared/base/errors.ts';
import { stopping } from '../../shared/base/stop.ts';
import type { Context } from '../middleware/context.ts';
import { BODY_LIMIT } from '../middleware/body.ts';
import { refuseRaw } from '../middleware/raw.ts';
import { BoundedSocket, countDial } from '../sockets/bounded.ts';

type Upgrade = { socket: Socket; head: Buffer; release: () => void };
const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** What is spoken, beside which a client may offer its token: `Sec-WebSocket-Protocol: parley, <token>`. */
const PROTOCOL = 'parley';

/** A peer that does not answer the closing handshake is cut off after so long. */
const CLOSE_WITHIN_MS = 2_000;
/** Larger frames end the connection with code 1009. The types lag behind ws: they lack closeTimeout. */
const options: ServerOptions<typeof BoundedSocket> & { closeTimeout: number } = {
  noServer: true,
  WebSocket: BoundedSocket,
  // Else the first that was offered would be chosen, which may be a token.
  handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : ([...offered][0] ?? false)),
  maxPayload: BODY_LIMIT,
  closeTimeout: CLOSE_WITHIN_MS,
};
const server = new WebSocketServer(options);

/**
 * Sends requests for an upgrade through the routes like any other, so that what is refused, or has no route, is answered
 * by the same problems. Those to Socket.IO are left to it.
 */
export function routeUpgrades(http: Server, handle: RequestListener): void {
  http.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    // Whoever is gone is noticed by what comes next. Node listens no more, nor does Socket.IO to whom it refuses: without
    // a listener a reset would end the process.
    socket.on('error', () => {});
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

/** The token that a client offers as a subprotocol; undefined where it offers none. */
export function offeredToken(ctx: Context): string | undefined {
  const offered = ctx
    .get('Sec-WebSocket-Protocol')
    .split(',', 3)
    .map((name) => name.trim());
  return offered.includes(PROTOCOL) ? offered.find((name) => name !== PROTOCOL && name !== '') : undefined;
}

/** Whether a request asks to become a WebSocket. */
export function isUpgrade(ctx: Context): boolean {
  return upgrades.has(ctx.req);
}

/** Turns a request into a WebSocket, which `ws` refuses by itself when the handshake is none. Throws `bad_request`. */
export function upgrade(ctx: Context, connected: (socket: BoundedSocket) => void): void {
  const asked = upgrades.get(ctx.req);
  if (asked === undefined) throw problem('bad_request', 'This is a WebSocket: ask for an upgrade');
  if (stopping()) throw problem('service_unavailable', undefined, { retryAfterS: 1 });
  asked.release();
  ctx.respond = false;
  ctx.status = 101;
  server.handleUpgrade(ctx.req, asked.socket, asked.head, connected);
  // Koa waits for the end of its answer, and would take the socket's later troubles for its own.
  ctx.res.emit('finish');
}
