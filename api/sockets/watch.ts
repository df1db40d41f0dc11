import type { Server } from 'socket.io';
import { livingSessions } from '../../db/models/sessionView.ts';
import { log } from '../../shared/log.ts';
import type { Signed } from '../auth/authenticate.ts';
import { cut, unsentBytes } from './connections.ts';

/** Handshakes do not run again while a socket lives: a logout must have closed it within a second. */
const EVERY_MS = 600;
/** What a client may have unsent; a slower one is cut off and catches up by `resume`. */
const UNSENT_LIMIT = 1024 * 1024;

/**
 * Disconnects sockets that may no longer be: signed out, token run out, account not active, or too slow to
 * take what they are sent.
 * @returns what ends the watch
 */
export function watchSockets(io: Server): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const look = async () => {
    cutSlow(io);
    await disconnectSignedOut(io).catch((err) => log.warn({ err }, 'sessions of sockets unknown'));
    if (!ended) timer = setTimeout(look, EVERY_MS);
  };
  timer = setTimeout(look, EVERY_MS);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

function cutSlow(io: Server): void {
  for (const { conn } of io.of('/').sockets.values()) {
    if (unsentBytes(conn) > UNSENT_LIMIT) cut(conn);
  }
}

async function disconnectSignedOut(io: Server): Promise<void> {
  const sockets = [...io.of('/').sockets.values()];
  if (sockets.length === 0) return;
  const signed = new Map(sockets.map((socket) => [socket, socket.data as Signed]));
  const living = new Set(await livingSessions([...new Set([...signed.values()].map(({ sid }) => sid))]));
  for (const [socket, { sid, exp }] of signed) {
    if (!living.has(sid) || exp * 1000 <= Date.now()) socket.disconnect(true);
  }
}
