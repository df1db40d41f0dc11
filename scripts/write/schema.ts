import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { createDatabase } from '../services/scratch.ts';

/** Writes db/schema.txt from an empty database on a server of native PostgreSQL. @throws the server's or the migration's error */
export async function writeSchema(server: string): Promise<void> {
  const { url, stop } = await createDatabase(server, `parley_schema_${randomBytes(6).toString('hex')}`);
  try {
    await promisify(execFile)('node', ['scripts/migrate.ts', '--write-schema'], {
      env: { ...process.env, DATABASE_URL: url },
    });
  } finally {
    await stop();
  }
}
