import { setTimeout as sleep } from 'node:timers/promises';

const WITHIN_MS = 30_000;
const PAUSE_MS = 100;

/** Looks again and again until `look` returns something. @throws Error that names `what` after 30 s */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await sleep(PAUSE_MS)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`not within 30 s: ${what}`);
}
