import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../../scripts/services/ports.ts';
import { startRedis } from '../../scripts/services/redis.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One of each that a message passes through. */
export const WORKERS = ['moderation', 'context', 'completion', 'housekeeping'];

export type Child = { process: ChildProcess; port: number; stop: () => Promise<void>; rss: () => number };

/** What the bench runs against: its own PostgreSQL (with fsync), Redis and provider. */
export type Ground = {
  env: NodeJS.ProcessEnv;
  query: <T>(sql: string, values?: unknown[]) => Promise<T[]>;
  redisUrl: string;
  /** Starts a TypeScript file that sends {port} when it is ready. */
  start: (file: string, args?: string[], env?: Record<string, string>) => Promise<Child>;
  /** Starts a line of the Procfile. */
  startType: (type: string, env?: Record<string, string>) => Promise<Child>;
  stop: () => Promise<void>;
};

/** Starts the stores; everything ends with `stop`, and with this process. */
export async function startGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  // PostgreSQL runs as a user of its own where this one is root.
  chmodSync(folder, 0o755);
  const cluster = join(folder, 'pg');
  const url = execFileSync('bash', ['scripts/native-postgres.sh', 'start', cluster], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim();
  const redis = await startRedis();
  const children = new Set<Child>();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  // The throwaway cluster does not sync; numbers without it would flatter.
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await pool.query(`ALTER SYSTEM SET ${setting} = on`);
  await pool.query('SELECT pg_reload_conf()');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DATABASE_URL: url,
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
  const launch = async (
    args: string[],
    more: Record<string, string>,
    ready: (child: ChildProcess) => Promise<number>,
  ) => {
    const started = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...env, ...more },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const child: Child = {
      process: started,
      port: 0,
      rss: () => memoryOf(started.pid ?? 0),
      stop: async () => {
        children.delete(child);
        if (started.exitCode !== null || started.signalCode !== null) return;
        const gone = once(started, 'exit');
        started.kill('SIGTERM');
        const timer = setTimeout(() => started.kill('SIGKILL'), 5_000);
        await gone;
        clearTimeout(timer);
      },
    };
    children.add(child);
    child.port = await ready(started);
    return child;
  };
  const start: Ground['start'] = (file, args = [], more = {}) =>
    launch(['--disable-warning=ExperimentalWarning', file, ...args], more, async (child) => {
      const [message] = (await once(child, 'message')) as [{ port: number }];
      return message.port;
    });
  const provider = await start('lab/bench/provider.ts');
  env.OPENAI_BASE_URL = `http://127.0.0.1:${provider.port}/v1`;
  const migrate = spawn(process.execPath, ['scripts/migrate.ts'], { cwd: ROOT, env, stdio: 'ignore' });
  if ((await once(migrate, 'exit'))[0] !== 0) throw new Error('migrations failed');

  return {
    env,
    redisUrl: redis.url,
    start,
    query: async <T>(sql: string, values?: unknown[]) => (await pool.query(sql, values)).rows as T[],
    startType: async (type, more = {}) => {
      const port = type === 'web' ? String(await freePort(20_000 + Math.floor(Math.random() * 12_000))) : '';
      const [, ...args] = procfileLine(type).split(/\s+/);
      return launch(args, { ...more, SHUTDOWN_GRACE_S: '3', ...(port && { PORT: port }) }, (child) =>
        untilReady(child, port),
      );
    },
    async stop() {
      await Promise.all([...children].map((child) => child.stop()));
      await pool.end();
      await redis.stop();
      execFileSync('bash', ['scripts/native-postgres.sh', 'stop', cluster], { cwd: ROOT, stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function procfileLine(type: string): string {
  const line = readFileSync(resolve(ROOT, 'Procfile'), 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${type}:`));
  if (line === undefined) throw new Error(`no ${type} in the Procfile`);
  return line.slice(type.length + 1).trim();
}

/** Web answers /readyz; a worker is given the time its tokenizer takes. */
async function untilReady(child: ChildProcess, port: string): Promise<number> {
  for (let tries = 0; tries < 900 && child.exitCode === null; tries += 1) {
    if (port === '' && tries > 25) return 0;
    const ready =
      port !== '' &&
      (await fetch(`http://127.0.0.1:${port}/readyz`).then(
        (r) => r.ok,
        () => false,
      ));
    if (ready) return Number(port);
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error('a process did not become ready');
}

/** Resident memory in bytes. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
