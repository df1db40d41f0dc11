/** Preloaded into the processes of a soak: collects garbage when asked 'rest' on IPC, and answers with a Resting. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process's memory at rest in bytes, and its open file descriptors. */
export type Resting = { heap: number; external: number; rss: number; fds: number };

process.on('message', async (message) => {
  if (message !== 'rest') return;
  // The finalizers of one collection let the next one free more.
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc?.();
    await sleep(100);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({
    heap: heapUsed,
    external,
    rss,
    fds: readdirSync('/proc/self/fd').length,
  } satisfies Resting);
});
process.channel?.unref();
