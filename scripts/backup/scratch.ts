import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { type Counts, connect, countRows } from './counts.ts';
import { settings } from './settings.ts';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../native-postgres.sh', import.meta.url));

export type Scratch = { url: string; counts: () => Promise<Counts>; stop: () => Promise<void> };

/** Starts a server of its own for a trial, so that production has no part in it. Needs PostgreSQL's server and pgvector here. */
export async function startScratch(): Promise<Scratch> {
  mkdirSync(settings.scratch, { recursive: true });
  const dir = mkdtempSync(join(settings.scratch, 'trial-'));
  const stop = async () => {
    await run(SCRIPT, ['stop', dir]).catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const { stdout } = await run(SCRIPT, ['start', dir]);
    const url = stdout.trim();
    return {
      url,
      stop,
      counts: async () => {
        const client = await connect(url);
        try {
          return await countRows(client);
        } finally {
          await client.end();
        }
      },
    };
  } catch (error) {
    await stop();
    throw new Error('no scratch server starts here for the trial', { cause: error });
  }
}
