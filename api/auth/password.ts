import * as argon2 from '@node-rs/argon2';
import { problem } from '../../shared/errors.ts';

/** argon2id; OWASP's least: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes a password for storing. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => argon2.hash(password, COST));
}

/** Whether a password fits. Without a hash (no such account) it takes as long and says no. */
export async function passwordFits(password: string, hash: string | undefined): Promise<boolean> {
  const fits = await inTurn(() => argon2.verify(hash ?? DUMMY, password));
  return fits && hash !== undefined;
}

/** A hash of nothing anybody knows, at the cost above. */
const DUMMY =
  '$argon2id$v=19$m=19456,t=2,p=1$NlkaSEl2DFf7oIyazg20SQ$60VEgc1ima/gX6pE+IuFemYCwiKGVaCZffvMHe/uZkw';

/** Hashing takes its threads from the pool that also serves files and DNS: at most two at once, and no endless queue. */
const AT_ONCE = 2;
const MAX_WAITING = 500;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (waiting.length >= MAX_WAITING) throw problem('service_unavailable', undefined, { retryAfterS: 5 });
  if (running >= AT_ONCE) await new Promise<void>((turn) => waiting.push(turn));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The place is handed on, not freed, so that nobody can slip in between.
    if (next) next();
    else running--;
  }
}
