/** `npm run migrate`: see USAGE. */
import { writeFile } from 'node:fs/promises';

const USAGE = `npm run migrate [-- --write-schema]

Brings the schema in DATABASE_URL up to date. It may run again, and beside an older release.
Exits with 1 when the schema lacks what its migrations made, as after an incomplete restore.
--write-schema: also writes the schema to db/schema.txt, after a new migration.`;

if (process.argv.includes('--help')) console.log(USAGE);
else await main(process.argv.includes('--write-schema'));

async function main(writes: boolean): Promise<void> {
  const { requireEnv } = await import('../shared/base/env.ts');
  requireEnv('DATABASE_URL');
  const { LockLost, migrate } = await import('../db/migrate.ts');
  const { SCHEMA_FILE, schemaToList } = await import('../db/schema.ts');
  const { stop } = await import('../shared/base/stop.ts');
  try {
    const schema = await migrate(!writes);
    if (schema === 'newer')
      console.log('npm run migrate: the schema is of a newer release, which stays as it is');
    if (writes) await writeFile(SCHEMA_FILE, `${(await schemaToList()).join('\n')}\n`);
  } catch (error) {
    console.error(`npm run migrate: ${hinted(error)}`);
    // The statement under way may last for hours.
    if (error instanceof LockLost) process.exit(1);
    process.exitCode = 1;
  } finally {
    await stop();
  }
}

/** Reduces an error to the server's message: knex puts the statement and a dash before it. */
function hinted(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said =
    'severity' in error ? error.message.slice(error.message.lastIndexOf(' - ') + 3) : error.message;
  const refused = said.startsWith('permission denied to create extension');
  return refused ? `${said}: let an administrator of the server run CREATE EXTENSION vector here` : said;
}
