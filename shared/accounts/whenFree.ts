import { problem } from '../base/errors.ts';

/**
 * Hashing takes its threads from the pool of four that also serves files and DNS, and cores from everybody: at most two
 * at once. Who waits longer than a client would is told so at once.
 */
const AT_ONCE = 2;
const MAX_WAITING = 100;
let running = 0;
const waiting: (() => void)[] = [];

/** Does costly work in its turn. Throws `service_unavailable` where too many wait already. */
export async function whenFree<T>(work: () => Promise<T>): Promise<T> {
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
