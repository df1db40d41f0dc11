import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startScratchDatabase } from '../services/scratch.ts';

/** Writes db/schema.txt from an empty database: on the server of DATABASE_URL, else PGlite. @throws the migration's error */
export async function writeSchema(): Promise<void> {
  const { url, stop } = await startScratchDatabase();
  try {
    await promisify(execFile)('node', ['scripts/migrate.ts', '--write-schema'], {
      env: { ...process.env, DATABASE_URL: url },
    });
  } finally {
    await stop();
  }
}
