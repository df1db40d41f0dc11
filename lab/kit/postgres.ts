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
  /** Kills the server in the middle of everything and starts it again; undefined where it is not ours. */
  restart: (() => Promise<void>) | undefined;
  /** Runs a statement, again while the server is away. */
  rows: <Row extends pg.QueryResultRow>(sql: string) => Promise<Row[]>;
  stop: () => Promise<void>;
};

const SCRIPT = 'scripts/native-postgres.sh';
/** Stops the cluster and removes it when stdin closes: so also when this process was killed. */
const LEASH = `cat >/dev/null; exec ${SCRIPT} stop "$1"`;
const PATIENCE_MS = 30_000;
const run = promisify(execFile);

pg.types.setTypeParser(20, Number);

/** A database of its own on `server`, else a cluster of its own. */
export function startPostgres(server: string | undefined): Promise<Postgres> {
  return server ? useServer(server) : startCluster();
}

/** Starts an empty cluster of its own, which ends with this process. */
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

function rowsOf(url: string): Postgres['rows'] {
  return async <Row extends pg.QueryResultRow>(sql: string) => {
    for (const until = Date.now() + PATIENCE_MS; ; await sleep(200)) {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
      client.on('error', () => {});
      try {
        await client.connect();
        return (await client.query<Row>(sql)).rows;
      } catch (err) {
        // What the server itself says is wrong stays wrong, unless it is just starting or ending.
        const code = (err as { code?: string }).code ?? '';
        if (Date.now() > until || /^(?!57P0|08)[0-9A-Z]{5}$/.test(code)) throw err;
      } finally {
        await client.end().catch(() => {});
      }
    }
  };
}
