import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ground, startGround } from '../kit/ground.ts';
import { COMPILE_CACHE, SMALL_HEAP } from '../../scripts/services/compileCache.ts';
import { processTypes } from '../../scripts/services/procfile.ts';

/** Long enough for the work of a start, and for the first collections after it. */
const SETTLES_MS = 20_000;
const MIB = 2 ** 20;

type Memory = { name: string; rss: number; pss: number };

/**
 * Measures what each process holds at rest, a while after its start. The floors: Node alone, and Node with the packages that
 * every worker needs (floors/rest.ts) and no code of ours.
 * @returns a table, in MiB
 */
export async function atRest(): Promise<string> {
  const ground = await startGround();
  try {
    const started = await startEach(ground);
    await sleep(SETTLES_MS);
    const rows = started.map(({ name, pid }) => memoryOf(name, pid));
    return [
      '| process at rest | RSS, MiB | counted once where processes share it (PSS), MiB |',
      '|---|---|---|',
      ...rows.map(({ name, rss, pss }) => `| ${name} | ${mib(rss)} | ${mib(pss)} |`),
    ].join('\n');
  } finally {
    await ground.stop();
  }
}

async function startEach(ground: Ground): Promise<{ name: string; pid: number }[]> {
  const file = 'lab/bench/floors/rest.ts';
  const floors = ['Node alone', 'Node with the packages of a worker'];
  const bare = await Promise.all(['node', 'packages'].map((kind) => ground.start(file, [kind], RESTING)));
  const types = processTypes();
  const ours = await Promise.all(types.map((type) => ground.startType(type)));
  return [
    ...bare.map(({ process }, i) => ({ name: floors[i] ?? '', pid: process.pid ?? 0 })),
    ...ours.map(({ process }, i) => ({ name: types[i] ?? '', pid: process.pid ?? 0 })),
  ];
}

/** As the processes of the Procfile: without the code that turns TypeScript into JavaScript. */
const RESTING = { ...COMPILE_CACHE, NODE_OPTIONS: SMALL_HEAP };

function memoryOf(name: string, pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const bytes = (kind: string) => Number(new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]) * 1_024;
  return { name, rss: bytes('Rss'), pss: bytes('Pss') };
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
