import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

export type Postgres = {
  url: string;
  /** Kills the server and starts it again; undefined for a server that this process did not start. */
  restart: (() => Promise<void>) | undefined;
  /** Runs a statement. Retries while the server is unreachable. */
  rows: <Row extends pg.QueryResultRow>(sql: string) => Promise<Row[]>;
  stop: () => Promise<void>;
};

const SCRIPT = 'scripts/native-postgres.sh';
/** Stops and removes the cluster when stdin closes, which also happens when this process is killed. */
const LEASH = `cat >/dev/null; exec ${SCRIPT} stop "$1"`;
const PATIENCE_MS = 30_000;
const run = promisify(execFile);

pg.types.setTypeParser(20, Number);

/** Creates a database on `server`; without a server, starts a new cluster. */
export function startPostgres(server: string | undefined): Promise<Postgres> {
  return server ? useServer(server) : startCluster();
}

/** Starts a new empty cluster, which ends with this process. */
export async function startCluster(): Promise<Postgres & { restart: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-lab-'));
  const leash = spawn('sh', ['-c', LEASH, 'sh', dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(leash, 'exit');
  const stop = async () => {
    leash.stdin.end();
    await ended;
  };
  try {
    const { stdout } = await run(SCRIPT, ['start', dir]);
    const url = stdout.trim();
    return { url, restart: async () => void (await run(SCRIPT, ['crash', dir])), rows: rowsOf(url), stop };
  } catch (err) {
    await stop();
    throw err;
  }
}

async function useServer(server: string): Promise<Postgres> {
  const name = `parley_lab_${randomBytes(6).toString('hex')}`;
  await rowsOf(server)(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const stop = async () => void (await rowsOf(server)(`DROP DATABASE ${name} WITH (FORCE)`));
  return { url: url.href, restart: undefined, rows: rowsOf(url.href), stop };
}

/** Runs statements at a server, one connection each. */
export function rowsOf(url: string): Postgres['rows'] {
  return async <Row extends pg.QueryResultRow>(sql: string) => {
    for (const until = Date.now() + PATIENCE_MS; ; await sleep(200)) {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
      client.on('error', () => {});
      try {
        await client.connect();
        return (await client.query<Row>(sql)).rows;
      } catch (err) {
        // An error from the server is permanent, unless the server is starting or stopping.
        const code = (err as { code?: string }).code ?? '';
        if (Date.now() > until || /^(?!57P0|08)[0-9A-Z]{5}$/.test(code)) throw err;
      } finally {
        await client.end().catch(() => {});
      }
    }
  };
}
