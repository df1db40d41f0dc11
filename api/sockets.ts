import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server, type Socket } from 'socket.io';
import { presentProblem, problem, toProblem } from '../shared/base/errors.ts';
import { logFew } from '../shared/ops/fewLines.ts';
import { log } from '../shared/base/log.ts';
import { socketsConnected } from '../shared/ops/metrics.ts';
import { arrive } from '../shared/delivery/presence.ts';
import { AGENTS_ROOM, userRoom } from '../shared/delivery/push.ts';
import { authenticate, type Signed } from '../shared/accounts/authenticate.ts';
import { noteOnline, PRESENCE_BEAT_MS } from '../shared/people/presence.ts';
import { limitConnections } from '../shared/limits/connections.ts';
import { networkOf } from '../shared/limits/charge.ts';
import { isEditor } from './middleware/auth.ts';
import { BODY_LIMIT } from './middleware/body.ts';
import { requireSingle } from './middleware/few-headers.ts';
import { isForeign } from './middleware/origin.ts';
import { refuseRaw } from './middleware/raw.ts';
import { BoundedEngine, countDial } from './sockets/bounded.ts';
import { boundedSocket, type Connection, connectionsOf, cut, watchedSockets } from './sockets/connections.ts';
import { answerEvent } from './sockets/answerEvent.ts';
import { pushes } from '../shared/delivery/pushes.ts';
import { noteUnderWay, untilAnswered } from './sockets/underWay.ts';
import { watchSockets } from './sockets/watch.ts';
import { closeWebSockets, watchedWebSockets } from './websocket/connections.ts';

const CLOSE_WITHIN_MS = 2_000;
const WEBSOCKET_ONLY = problem('bad_request', 'WebSocket only: connect with transports: ["websocket"]');
const ANSWER_WITHIN_MS = 3_000;

/**
 * Serves Socket.IO on an HTTP server, and watches the plain WebSockets (api/websocket). The scripts of the run log publish
 * to a user's room through Redis, so every replica reaches its own sockets.
 * @returns a function that acknowledges what clients sent, closes all sockets, and then closes the HTTP server
 */
export function attachSockets(http: HttpServer): () => Promise<void> {
  const io = new Server(http, {
    path: '/socket.io',
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: BODY_LIMIT,
    connectTimeout: 10_000,
    // Other upgrades go to their routes.
    destroyUpgrade: false,
    // A refused client gets its problem here. engine.io would only answer 400.
    allowRequest: (request, decide) => {
      try {
        countDial(request);
        requireSingle(request);
        if (isForeign(request)) throw problem('forbidden', 'A page of another site made this request');
        decide(null, true);
      } catch (err) {
        refuseRaw(request.socket, err);
      }
    },
    wsEngine: BoundedEngine,
    // This process publishes nothing through the adapter.
    adapter: createAdapter(pushes, pushes),
  });
  io.engine.on('connection', (connection: Connection) => {
    boundedSocket(connection)?.from(connection.request);
    // The request with its headers would otherwise stay as long as the socket. Socket.IO does without it.
    Object.assign(connection, { request: null });
  });
  // Without this engine.io answers "Transport unknown".
  io.engine.use((request: IncomingMessage, _: unknown, next: () => void) =>
    isPolling(request) ? refuseRaw(request.socket, WEBSOCKET_ONLY) : next(),
  );
  io.use(signIn);
  io.on('connection', (socket) => {
    socketsConnected.inc();
    const leave = arrive((socket.data as Signed).user.id);
    socket.once('disconnect', () => {
      socketsConnected.dec();
      leave();
      signing.delete(socket.conn);
    });
    const { user } = socket.data as Signed;
    socket.join(userRoom(user.id));
    // A new role makes the socket dial again (sockets/watch.ts).
    if (isEditor(user)) {
      socket.join(AGENTS_ROOM);
      void noteOnline([user.id]);
    }
    socket.onAny((event: unknown, ...args: unknown[]) => noteUnderWay(answerEvent(socket, event, args)));
  });

  const reconnectAll = () => {
    closeAfterGap(io);
    closeWebSockets('gap');
  };
  pushes.on('subscribed', reconnectAll);
  const endPresence = beatPresence(() => watchedSockets(io).map(({ signed }) => signed));
  const endWatch = watchSockets(() => [...watchedSockets(io), ...watchedWebSockets()]);
  return async () => {
    endWatch();
    endPresence();
    pushes.off('subscribed', reconnectAll);
    await untilAnswered(ANSWER_WITHIN_MS);
    closeWebSockets('stopping');
    await close(io);
  };
}

function isPolling({ headers, url = '' }: IncomingMessage): boolean {
  return (
    headers.upgrade === undefined || URL.parse(url, 'http://x')?.searchParams.get('transport') !== 'websocket'
  );
}

/** Signs a socket in at its handshake. A refused client gets `connect_error` with a problem as its `data`. */
async function signIn(socket: Socket, next: (err?: Error) => void): Promise<void> {
  try {
    socket.data = await signedOnce(socket);
    next();
  } catch (err) {
    const { status, code, cause } = toProblem(err);
    logFew(`address:${networkOf(boundedSocket(socket.conn)?.address ?? '')}`, () => {
      if (status >= 500)
        log.error({ err: cause ?? err, code }, 'Handshake failed; its client gets a problem');
      else log.info({ status, code }, 'Handshake refused');
    });
    next(Object.assign(new Error(code), { data: presentProblem(err, '/socket.io') }));
  }
}

/** Connections whose sign-in is under way or done. A connection that signed in twice would get every push twice. */
const signing = new WeakSet<Connection>();

async function signedOnce(socket: Socket): Promise<Signed> {
  const { conn, handshake } = socket;
  const bounded = boundedSocket(conn);
  if (signing.has(conn)) throw problem('bad_request', 'This connection has already begun to sign in');
  signing.add(conn);
  try {
    const { token, channel } = handshake.auth;
    if (bounded === undefined || typeof token !== 'string') throw problem('unauthenticated');
    const signed = await authenticate(token);
    limitConnections('socket', signed.user.id, bounded);
    bounded.signedIn(signed.user.id, 'events');
    // The token is not needed any more.
    handshake.auth = { channel };
    return signed;
  } catch (err) {
    signing.delete(conn);
    throw err;
  }
}

/**
 * Closes all connections after a gap in the subscription, because pushes may have been lost. A client whose socket
 * stays up would never know. A client that reconnects resumes its unfinished runs.
 */
function closeAfterGap(io: Server): void {
  const connections = connectionsOf(io);
  if (connections.length > 0)
    log.info(
      { sockets: connections.length },
      'Pushes may be lost; sockets are closed, and clients reconnect',
    );
  for (const connection of connections) connection.close();
}

/** Closes each connection after its last acknowledgement. Cuts off clients that do not answer the closing handshake. */
async function close(io: Server): Promise<void> {
  const connections = connectionsOf(io);
  const timer = setTimeout(() => connections.forEach(cut), CLOSE_WITHIN_MS);
  const sent = connections.map(
    (connection) =>
      new Promise<void>((resolve) => {
        connection.once('close', () => resolve());
        connection.close();
      }),
  );
  await Promise.all(sent);
  await io.close();
  clearTimeout(timer);
}

/**
 * Tells Redis every five seconds which agents have a socket at this replica.
 * @param signed returns who is connected
 * @returns a function that ends it
 */
function beatPresence(signed: () => Signed[]): () => void {
  const timer = setInterval(() => {
    const agents = signed().filter(({ user }) => isEditor(user));
    void noteOnline([...new Set(agents.map(({ user }) => user.id))]);
  }, PRESENCE_BEAT_MS).unref();
  return () => clearInterval(timer);
}
