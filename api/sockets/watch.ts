import { livingSessions } from '../../db/models/sessionView.ts';
import type { SignedUser } from '../../shared/accounts/authenticate.ts';
import { log } from '../../shared/base/log.ts';
import type { Watched } from './connections.ts';

/** A socket signs in once. Within a second a logout must close it, and a new role must make it dial again. */
const EVERY_MS = 600;
/** Bytes that may wait for a client. A slower client is cut off, and catches up by `resume`. */
const UNSENT_LIMIT = 1024 * 1024;

/**
 * Watches open sockets. Closes a socket that is signed out, is too slow or has an expired token. Also closes it where the
 * account is not active, or the role has changed.
 * @param connections returns the open connections
 * @returns a function that ends the watch
 */
export function watchSockets(connections: () => Watched[]): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const look = async () => {
    const open = connections();
    cutSlow(open);
    await disconnectSignedOut(open).catch((err) =>
      log.warn({ err }, 'Sessions of open sockets not read; tried again'),
    );
    if (!ended) timer = setTimeout(look, EVERY_MS);
  };
  timer = setTimeout(look, EVERY_MS);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

function cutSlow(open: Watched[]): void {
  for (const one of open) {
    if (one.unsent() > UNSENT_LIMIT) one.cut();
  }
}

async function disconnectSignedOut(open: Watched[]): Promise<void> {
  if (open.length === 0) return;
  // Expiry needs no database, so it works while Postgres is away.
  const [expired, current] = [open.filter(hasExpired), open.filter((one) => !hasExpired(one))];
  for (const one of expired) one.expire();
  if (current.length === 0) return;
  const living = await livingSessions([...new Set(current.map(({ signed }) => signed.sid))]);
  for (const one of current) {
    const { signed } = one;
    const user = living.get(signed.sid);
    if (user === undefined) one.signOut();
    else if (user.role !== signed.user.role) one.redial();
    // Later events use the new consent and language.
    else if (differs(signed.user, user)) Object.assign(signed.user, user);
  }
}

/** Says whether a row says something new. An equal row is dropped at once. Kept rows would become old garbage at each look. */
function differs(known: SignedUser, row: SignedUser): boolean {
  return (Object.keys(row) as (keyof SignedUser)[]).some((field) => known[field] !== row[field]);
}

function hasExpired({ signed }: Watched): boolean {
  return signed.exp * 1000 <= Date.now();
}
