import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../scripts/services/ports.ts';
import { type Postgres, rowsOf } from './postgres.ts';

const run = promisify(execFile);
const RECOVERED_WITHIN_MS = 120_000;

/**
 * Starts a server on the data folder that npm run restore unpacked to DIR/data, and waits until it takes writes.
 * @param reads folders that the server's user has to read for it
 */
export async function startRecovered(dir: string, reads: string[]): Promise<Postgres> {
  const port = await freePort();
  appendFileSync(
    join(dir, 'data', 'postgresql.auto.conf'),
    `port = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 300\n`,
  );
  if (process.getuid?.() === 0) await run('chown', ['-R', 'postgres', dir, ...reads]);
  await run('scripts/native-postgres.sh', ['recover', dir]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const stop = async () => void (await run('scripts/native-postgres.sh', ['stop', dir]).catch(() => {}));
  for (const end = Date.now() + RECOVERED_WITHIN_MS; Date.now() < end; await sleep(100)) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ recovering: boolean }>(
        'SELECT pg_is_in_recovery() AS recovering',
      );
      if (rows[0]?.recovering === false) return { url, stop, restart: undefined, rows: rowsOf(url) };
    } catch {
      // It starts.
    } finally {
      await client.end().catch(() => {});
    }
  }
  await stop();
  throw new Error('the recovered server takes no writes');
}
