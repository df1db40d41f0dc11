import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startPglite } from '../../scripts/services/database.ts';
import { createDatabase } from '../../scripts/services/scratch.ts';
import { onNative } from './native.ts';

export type Queries = {
  url: string;
  query: <T>(sql: string, values?: unknown[]) => Promise<T[]>;
  stop: () => Promise<void>;
};

/** Creates an empty database, whose owner may do nothing else; on PGlite a server of its own. */
export async function createOwnDatabase(): Promise<Queries> {
  const name = `parley_own_${randomBytes(6).toString('hex')}`;
  const { url, stop } = onNative
    ? await createDatabase(process.env.TEST_SERVER ?? '', name)
    : await startPglite('memory');
  const queries = queryAt(url);
  return {
    ...queries,
    async stop() {
      await queries.stop();
      await stop();
    },
  };
}

/** Runs statements in an existing database, as the user in the URL. */
export function queryAt(url: string): Queries {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => {});
  return {
    url,
    query: async <T>(sql: string, values?: unknown[]) => (await pool.query(sql, values)).rows as T[],
    stop: () => pool.end(),
  };
}

export type Ended = { code: number; stdout: string; stderr: string };

/** Runs a command to its end, with any exit code. */
export function runCommand(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 100_000_000 };
    execFile(command, args, options, (err, stdout, stderr) =>
      resolve({ code: err === null ? 0 : Number(err.code) || 1, stdout, stderr }),
    );
  });
}

export function migrate(url: string): Promise<Ended> {
  return runCommand(process.execPath, ['scripts/migrate.ts'], { DATABASE_URL: url });
}
