import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';
import { redis } from './redis.ts';

/** A process of this installation, as it last said of itself. */
export type Beat = {
  id: string;
  types: string[];
  host: string;
  pid: number;
  version: string;
  started_at: string;
  seen_at: string;
};

const BEAT_MS = 5_000;
/** For how long a killed process is still listed, so that operators see that it is missing. */
const SHOWN_MS = 600_000;
/** Beats between two looks for what to forget. */
const FORGET_AT = 60;
const KEY = 'processes';

/** The release that this process runs. */
export const version = String(
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
);

/**
 * Tells Redis every few seconds that this process runs, until it stops. An emptied Redis knows after one beat.
 * @param types the process types that it works
 */
export function beat(types: string[]): void {
  const id = randomUUID();
  const own = {
    id,
    types,
    host: hostname(),
    pid: process.pid,
    version,
    started_at: new Date().toISOString(),
  };
  let beats = 0;
  const say = () => {
    if (redis.status !== 'ready') return;
    beats += 1;
    // Forgets processes that were killed, also where nobody looks at the list.
    if (beats % FORGET_AT === 0) processes().catch(() => {});
    const seen = JSON.stringify({ ...own, seen_at: new Date().toISOString() } satisfies Beat);
    redis
      .multi()
      .hset(KEY, id, seen)
      .pexpire(KEY, SHOWN_MS)
      .exec()
      .catch((err: unknown) => log.debug({ err }, 'This process is not listed; listed in five seconds'));
  };
  say();
  const timer = setInterval(say, BEAT_MS).unref();
  onStop('list of processes', () => {
    clearInterval(timer);
    // Nothing waits for it: this hook runs before a worker gives its runs back, and Redis may hang.
    if (redis.status === 'ready') redis.hdel(KEY, id).catch(() => {});
  });
}

/** Returns the processes that were seen lately, by type. Forgets those that were not. @throws when Redis is away */
export async function processes(): Promise<Beat[]> {
  const all = Object.values(await redis.hgetall(KEY)).map((seen) => JSON.parse(seen) as Beat);
  const old = all.filter(({ seen_at }) => Date.now() - Date.parse(seen_at) > SHOWN_MS);
  if (old.length > 0) await redis.hdel(KEY, ...old.map(({ id }) => id));
  return all
    .filter((one) => !old.includes(one))
    .toSorted((a, b) => (a.types.join() + a.started_at < b.types.join() + b.started_at ? -1 : 1));
}
