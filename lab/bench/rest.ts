/** Preloaded into the processes of a soak: collects garbage when asked 'rest' on IPC, and answers with a Resting. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process's memory at rest in bytes, and its open file descriptors. */
export type Resting = {
  heap: number;
  heapTotal: number;
  external: number;
  rss: number;
  mapped: Mapped;
  fds: number;
};
/**
 * Resident bytes by what maps them: `malloc` is glibc's main heap and its arenas of 64 MiB, `other` is anonymous too (V8, its
 * code, stacks), `files` is the node binary and libraries.
 */
export type Mapped = { malloc: number; other: number; files: number };

process.on('message', async (message) => {
  if (message !== 'rest') return;
  // The finalizers of one collection let the next one free more.
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc?.();
    await sleep(100);
  }
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  process.send?.({
    heap: heapUsed,
    heapTotal,
    external,
    rss,
    mapped: mapped(),
    fds: readdirSync('/proc/self/fd').length,
  } satisfies Resting);
});
process.channel?.unref();

/** An arena of glibc begins at a multiple of this size. */
const ARENA = 64n * 2n ** 20n;

/** Reads the kernel's list of this process's mappings. Consecutive mappings of one arena count as one. */
function mapped(): Mapped {
  const sums: Mapped = { malloc: 0, other: 0, files: 0 };
  let kind: keyof Mapped = 'other';
  let arena: bigint | null = null;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const header = line.match(/^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ (\d+)\s*(.*)$/);
    if (header !== null) {
      const [, from = '0', inode, name = ''] = header;
      const begin = BigInt(`0x${from}`);
      const inArena: boolean = begin % ARENA === 0n || begin / ARENA === arena;
      arena = inArena ? begin / ARENA : null;
      if (name === '[heap]') kind = 'malloc';
      else if (inode !== '0' || name.startsWith('/')) kind = 'files';
      else kind = inArena && name === '' ? 'malloc' : 'other';
    }
    const rss = line.match(/^Rss:\s+(\d+) kB/);
    if (rss !== null) sums[kind] += Number(rss[1]) * 1_024;
  }
  return sums;
}
