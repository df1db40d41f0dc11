import { WebSocket } from 'ws';
import { logFew } from '../../shared/ops/fewLines.ts';
import { problem, toProblem } from '../../shared/base/errors.ts';
import { log } from '../../shared/base/log.ts';
import { socketsConnected } from '../../shared/ops/metrics.ts';
import { tracedRequest } from '../../shared/ops/tracing.ts';
import type { Signed } from '../../shared/accounts/authenticate.ts';
import type { Watched } from '../sockets/connections.ts';
import type { BoundedSocket } from '../sockets/bounded.ts';
import { arrive } from '../../shared/delivery/presence.ts';
import { onPush } from '../../shared/delivery/pushes.ts';
import { noteUnderWay } from '../sockets/underWay.ts';
import { presentError, presentEvent } from './frames.ts';
import { takeFrame } from './take.ts';

/** Proxies cut connections that are silent for a minute. */
const PING_MS = 25_000;
/** Close codes. Parley's own begin at 4000; 4401 means what a 401 means. */
const [SIGNED_OUT, GOING_AWAY, RESTART] = [4401, 1001, 1012];

const open = new Map<WebSocket, Signed>();

/** Serves a signed-in plain WebSocket: sends all pushes of its user, and takes its frames in order. */
export function serveWebSocket(socket: BoundedSocket, signed: Signed, ip: string): void {
  socket.signedIn(signed.user.id, 'frames');
  open.set(socket, signed);
  socketsConnected.inc();
  const leave = arrive(signed.user.id);
  const endPushes = onPush(signed.user.id, (event) => send(socket, presentEvent(event)));
  const endPings = keepAlive(socket);
  takeInOrder(socket, signed, ip);
  // ws itself closes the socket, with the code of the protocol error.
  socket.on('error', () => {});
  socket.once('close', () => {
    open.delete(socket);
    socketsConnected.dec();
    endPushes();
    endPings();
    leave();
  });
}

export function watchedWebSockets(): Watched[] {
  return [...open].map(([socket, signed]) => ({
    signed,
    unsent: () => socket.bufferedAmount,
    cut: () => socket.terminate(),
    signOut: () => socket.close(SIGNED_OUT, 'unauthenticated'),
    redial: () => socket.close(RESTART),
    expire: () => {
      send(socket, presentError(problem('token_expired')));
      socket.close(SIGNED_OUT, 'token_expired');
    },
  }));
}

/** Closes all plain WebSockets: this process stops, or pushes may be lost and clients should dial again. */
export function closeWebSockets(why: 'stopping' | 'gap'): void {
  for (const socket of open.keys()) socket.close(why === 'gap' ? RESTART : GOING_AWAY);
}

/** Takes frames one by one. Meanwhile the next frames stay unread, except for those that were read together with the first. */
function takeInOrder(socket: WebSocket, signed: Signed, ip: string): void {
  const waiting: [Buffer, boolean][] = [];
  let taking = false;
  const takeAll = async () => {
    taking = true;
    socket.pause();
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      send(socket, await take(signed, ip, next).catch((err) => refuse(err, signed.user.id)));
    taking = false;
    socket.resume();
  };
  socket.on('message', (bytes: Buffer, binary) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    waiting.push([bytes, binary]);
    if (!taking) noteUnderWay(takeAll());
  });
}

function take(signed: Signed, ip: string, [bytes, binary]: [Buffer, boolean]): Promise<object | null> {
  return tracedRequest({}, 'frame', () => takeFrame(signed, ip, bytes, binary));
}

function refuse(err: unknown, user_id: number): object {
  const { status, code, cause } = toProblem(err);
  logFew(`user:${user_id}`, () => {
    if (status >= 500) log.error({ err: cause ?? err, code }, 'Frame failed; its client gets a problem');
    else log.info({ user_id, status, code }, 'Frame refused');
  });
  return presentError(err);
}

function send(socket: WebSocket, frame: object | null): void {
  if (frame !== null && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

/** Pings a client, and cuts it off if it has not answered by the next ping. */
function keepAlive(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_MS);
  return () => clearInterval(timer);
}
