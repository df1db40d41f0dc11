import { problem } from '../base/errors.ts';

/**
 * At most two hashes run at once: files and DNS use the same four threads, and everything uses the same cores.
 * A call that would wait longer than a client waits is refused at once.
 */
const AT_ONCE = 2;
const MAX_WAITING = 100;
let running = 0;
const waiting: (() => void)[] = [];

/** Does costly work in its turn. @throws Problem `service_unavailable` if too many calls wait */
export async function whenFree<T>(work: () => Promise<T>): Promise<T> {
  if (waiting.length >= MAX_WAITING) throw problem('service_unavailable', undefined, { retryAfterS: 5 });
  if (running >= AT_ONCE) await new Promise<void>((turn) => waiting.push(turn));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // Passes the slot on instead of freeing it, so that no new call takes it first.
    if (next) next();
    else running--;
  }
}
