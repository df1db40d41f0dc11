import pg from 'pg';
import type { rows } from '../../db/sql.ts';
import { startCluster as start } from '../../lab/kit/postgres.ts';
import { migrate } from './own-database.ts';

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
  const { url, restart, stop } = await start();
  const { code, stderr } = await migrate(url);
  if (code !== 0) throw new Error(stderr);
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  return {
    url,
    port: Number(URL.parse(url)?.port),
    rows: (sql, bindings = {}) => query(pool, sql, bindings),
    restartImmediately: restart,
    async stop() {
      await pool.end();
      await stop();
    },
  };
}

async function query<T>(pool: pg.Pool, sql: string, bindings: Record<string, unknown>): Promise<T[]> {
  const values: unknown[] = [];
  const text = sql.replace(/(?<!:):([a-z]\w*)/gi, (_, name: string) => `$${values.push(bindings[name])}`);
  return (await pool.query(text, values)).rows as T[];
}
