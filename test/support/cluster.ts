import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { rows } from '../../db/sql.ts';

const run = promisify(execFile);
const SCRIPT = 'scripts/native-postgres.sh';

/** A PostgreSQL cluster for one test, which may break it. */
export type Cluster = {
  url: string;
  port: number;
  rows: typeof rows;
  /** Kills every backend and starts the cluster again. */
  restartImmediately: () => Promise<void>;
  stop: () => Promise<void>;
};

/** Starts an empty, migrated cluster, in about three seconds. */
export async function startCluster(): Promise<Cluster> {
  const folder = join(mkdtempSync(join(tmpdir(), 'parley-faults-')), 'pg');
  await run('chmod', ['711', join(folder, '..')]);
  const { stdout } = await run(SCRIPT, ['start', folder]);
  const url = stdout.trim();
  await run(process.execPath, ['scripts/migrate.ts'], { env: { ...process.env, DATABASE_URL: url } });
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  return {
    url,
    port: Number(URL.parse(url)?.port),
    rows: (sql, bindings = {}) => query(pool, sql, bindings),
    async restartImmediately() {
      const asPostgres = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : [];
      const { stdout: bin } = await run('sh', [
        '-c',
        'ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1',
      ]);
      const ctl = bin.trim() ? `${bin.trim()}/pg_ctl` : 'pg_ctl';
      const [command = ctl, ...rest] = [
        ...asPostgres,
        ctl,
        '-D',
        `${folder}/data`,
        '-l',
        `${folder}/log`,
        '-m',
        'immediate',
        '-w',
        'restart',
      ];
      await run(command, rest, { cwd: '/' });
    },
    async stop() {
      await pool.end();
      await run(SCRIPT, ['stop', folder]);
      rmSync(join(folder, '..'), { recursive: true });
    },
  };
}

async function query<T>(pool: pg.Pool, sql: string, bindings: Record<string, unknown>): Promise<T[]> {
  const values: unknown[] = [];
  const text = sql.replace(/(?<!:):([a-z]\w*)/gi, (_, name: string) => `$${values.push(bindings[name])}`);
  return (await pool.query(text, values)).rows as T[];
}
