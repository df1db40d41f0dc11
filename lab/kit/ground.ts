import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../../scripts/services/ports.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { processTypes } from '../../scripts/services/procfile.ts';
import { runToEnd } from '../../scripts/services/supervise.ts';
import { startCluster } from './postgres.ts';
import { type Process, startProcfile } from './processes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One of each worker that a message passes through. */
export const WORKERS = ['moderation', 'context', 'completion', 'housekeeping'];

export type Child = { process: ChildProcess; port: number; stop: () => Promise<void>; rss: () => number };

/** PostgreSQL (with fsync), Redis and a bare provider for one laboratory, with the processes that it starts on them. */
export type Ground = {
  /** Environment of the ground's processes, in addition to this process's. */
  env: Record<string, string>;
  query: <T>(sql: string, values?: unknown[]) => Promise<T[]>;
  redisUrl: string;
  /** Starts a TypeScript file that sends {port} when it is ready. */
  start: (file: string, args?: string[], env?: Record<string, string>) => Promise<Child>;
  /** Starts a line of the Procfile. */
  startType: (type: string, env?: Record<string, string>) => Promise<Child>;
  /** Starts `web` and one of each worker, as operators do. The caller ends them before `stop`. */
  startAll: (env?: Record<string, string>) => Promise<{ web: string; processes: Process[] }>;
  stop: () => Promise<void>;
};

/**
 * Starts the stores. Everything ends with `stop`, and with this process.
 * @param root the folder of the release whose schema the database gets; null: it stays empty
 */
export async function startGround(root: string | null = ROOT): Promise<Ground> {
  const postgres = await startCluster();
  const redis = await startRedis();
  const children = new Set<Child>();
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
  // The temporary cluster does not sync by default, and figures without sync would be too good.
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await pool.query(`ALTER SYSTEM SET ${setting} = on`);
  await pool.query('SELECT pg_reload_conf()');
  const env: Record<string, string> = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    JWT_SECRET: 'bench'.repeat(8),
    OPENAI_API_KEY: 'bench',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    RATE_LIMIT_PER_MINUTE: '100000000',
    RATE_LIMIT_PER_HOUR: '100000000',
    RATE_LIMIT_PER_DAY: '100000000',
    MAX_WAITING_RUNS_PER_USER: '1000000',
  };
  const keep = (process: ChildProcess, port: number, end: () => Promise<unknown>): Child => {
    const child: Child = {
      process,
      port,
      rss: () => memoryOf(process.pid ?? 0),
      stop: async () => {
        children.delete(child);
        await end();
      },
    };
    children.add(child);
    return child;
  };
  const start: Ground['start'] = async (file, args = [], more = {}) => {
    const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env, ...more },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const child = keep(started, 0, () => endOf(started));
    const [message] = (await once(started, 'message')) as [{ port: number }];
    child.port = message.port;
    return child;
  };
  const provider = await start('lab/kit/bareProvider.ts');
  env.OPENAI_BASE_URL = `http://127.0.0.1:${provider.port}/v1`;
  if (root !== null) await runToEnd('scripts/migrate.ts', { ...process.env, ...env }, [], root);

  return {
    env,
    redisUrl: redis.url,
    start,
    query: async <T>(sql: string, values?: unknown[]) => (await pool.query(sql, values)).rows as T[],
    startType: async (type, more = {}) => {
      // Below the ports that the system gives to clients.
      const port = await freePort(20_000 + Math.floor(Math.random() * 12_000));
      const settings = { ...env, ...more, SHUTDOWN_GRACE_S: '3', PORT: String(port) };
      const { child, stop } = await startProcfile(type, settings);
      return keep(child, port, stop);
    },
    async startAll(more = {}) {
      const settings = { ...env, LOG_LEVEL: 'info', ...more };
      const processes = await Promise.all(processTypes().map((type) => startProcfile(type, settings)));
      return { processes, web: processes.find(({ url }) => url !== '')?.url ?? '' };
    },
    async stop() {
      await Promise.all([...children].map((child) => child.stop()));
      await pool.end();
      await redis.stop();
      await postgres.stop();
    },
  };
}

/** Sends SIGTERM, then SIGKILL after a time limit. */
async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(timer);
}

/** Returns resident memory in bytes. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
