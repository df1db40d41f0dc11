import { livingSessions } from '../../db/models/sessionView.ts';
import { log } from '../../shared/base/log.ts';
import type { Watched } from './connections.ts';

/** Handshakes do not run again while a socket lives: a logout must have closed it within a second, a new role made it dial again. */
const EVERY_MS = 600;
/** What a client may have unsent; a slower one is cut off and catches up by `resume`. */
const UNSENT_LIMIT = 1024 * 1024;

/**
 * Disconnects sockets that may no longer be: signed out, token run out, account not active, of another role, or too slow
 * to take what they are sent.
 * @param connections those that are open at the moment
 * @returns what ends the watch
 */
export function watchSockets(connections: () => Watched[]): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const look = async () => {
    const open = connections();
    cutSlow(open);
    await disconnectSignedOut(open).catch((err) => log.warn({ err }, 'sessions of sockets unknown'));
    if (!ended) timer = setTimeout(look, EVERY_MS);
  };
  timer = setTimeout(look, EVERY_MS);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

function cutSlow(open: Watched[]): void {
  for (const { unsent, cut } of open) {
    if (unsent() > UNSENT_LIMIT) cut();
  }
}

async function disconnectSignedOut(open: Watched[]): Promise<void> {
  if (open.length === 0) return;
  // Needs no database, so it holds while that is away.
  const [expired, current] = [open.filter(hasExpired), open.filter((one) => !hasExpired(one))];
  for (const { expire } of expired) expire();
  if (current.length === 0) return;
  const living = await livingSessions([...new Set(current.map(({ signed }) => signed.sid))]);
  for (const { signed, signOut, redial } of current) {
    const user = living.get(signed.sid);
    if (user === undefined) signOut();
    else if (user.role !== signed.user.role) redial();
    // A consent withdrawn, another language: what the next event is judged by.
    else Object.assign(signed.user, user);
  }
}

function hasExpired({ signed }: Watched): boolean {
  return signed.exp * 1000 <= Date.now();
}
