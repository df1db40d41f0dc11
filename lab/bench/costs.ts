import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { Count } from './count.ts';
import { productRate } from './messages.ts';
import { type Child, type Ground, startGround, WORKERS } from '../kit/ground.ts';

/** Costs of one message in a stage; CPU in ms, bytes both ways. */
export type Cost = { stage: string } & Partial<Count>;

const MESSAGES = 1_000;
/** Environment of a process that answers `countOf`. */
export const COUNT = { NODE_OPTIONS: '--disable-warning=ExperimentalWarning --import ./lab/bench/count.ts' };

/** The workers of a message with its stages in one process, as `npm start` has them. */
const JOINED = ['moderation context completion', 'housekeeping'];

/**
 * Measures the costs of a message of 32 tokens, by process: the mean of a thousand, 100 at a time.
 * @param joined whether one process works the three stages
 */
export async function costs(joined: boolean): Promise<Cost[]> {
  const ground = await startGround();
  try {
    const children: [string, Child][] = [];
    const counting: Ground = {
      ...ground,
      startType: async (type, env = {}) => {
        const child = await ground.startType(type, { ...env, ...COUNT });
        children.push([type, child]);
        return child;
      },
    };
    const messages = await productRate(counting, joined ? JOINED : WORKERS);
    const counts = () => Promise.all(children.map(([, child]) => countOf(child)));
    const [storesBefore, before] = [await storesCpu(ground), await counts()];
    await messages(MESSAGES);
    const [after, storesAfter] = [await counts(), await storesCpu(ground)];
    return [
      ...children.map(([stage], i) => ({ stage, ...each(before[i] as Count, after[i] as Count) })),
      ...(['PostgreSQL', 'Redis'] as const).map((stage) => ({
        stage,
        cpuMs: (storesAfter[stage] - storesBefore[stage]) / MESSAGES,
      })),
    ];
  } finally {
    await ground.stop();
  }
}

/** Returns a table of the costs and their sum. */
export function costTable(all: Cost[]): string {
  const columns = [
    'statements',
    'commands',
    'roundTrips',
    'postgresBytes',
    'redisBytes',
    'otherBytes',
    'cpuMs',
  ] as const;
  const sum = Object.fromEntries(
    columns.map((column) => [column, all.reduce((total, cost) => total + (cost[column] ?? 0), 0)]),
  );
  const line = (cost: Cost) =>
    `| ${cost.stage} | ${columns.map((column) => figure(cost[column], column.endsWith('Bytes'))).join(' | ')} |`;
  return [
    '| one message | SQL statements | Redis commands | Redis round trips | bytes: PostgreSQL | Redis | others | CPU ms |',
    '|---|---|---|---|---|---|---|---|',
    ...all.map(line),
    line({ stage: 'all', ...sum }),
  ].join('\n');
}

function figure(value: number | undefined, bytes: boolean): string {
  if (value === undefined) return '';
  return bytes ? value.toFixed(0) : value.toFixed(2);
}

/** Returns the work so far of a process that was started with COUNT. */
export async function countOf({ process }: Child): Promise<Count> {
  const answered = once(process, 'message') as Promise<[Count]>;
  process.send('count');
  return (await answered)[0];
}

function each(before: Count, after: Count): Count {
  const names = Object.keys(after) as (keyof Count)[];
  return Object.fromEntries(names.map((name) => [name, (after[name] - before[name]) / MESSAGES])) as Count;
}

/** Returns the CPU ms of this ground's server processes so far. Those of ended backends are the server's own count. */
export async function storesCpu(ground: Ground): Promise<Record<'PostgreSQL' | 'Redis', number>> {
  const [backend] = await ground.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const { parent } = processStat(backend?.pid ?? 0);
  const postgres = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => processStat(Number(pid)))
    .filter((stat) => stat.parent === parent);
  const redis = new Redis(ground.redisUrl);
  const info = await redis.info('cpu');
  redis.disconnect();
  const seconds = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return {
    PostgreSQL: postgres.reduce((sum, { cpuMs }) => sum + cpuMs, processStat(parent).endedMs),
    Redis: (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1_000,
  };
}

/** Returns a process's parent, its CPU ms and those of its ended children (a clock tick is 10 ms); zeros for an ended process. */
function processStat(pid: number): { parent: number; cpuMs: number; endedMs: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const ms = (first: number) => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) * 10;
    return { parent: fields[1] ?? 0, cpuMs: ms(11), endedMs: ms(13) };
  } catch {
    return { parent: 0, cpuMs: 0, endedMs: 0 };
  }
}
