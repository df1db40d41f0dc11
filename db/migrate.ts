import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { knex } from './knex.ts';

const migrations = {
  directory: fileURLToPath(new URL('migrations', import.meta.url)),
  loadExtensions: ['.ts'],
};
const functions = new URL('functions/', import.meta.url);

/**
 * Brings the schema up to date: the migrations that are missing, then every file of `db/functions`.
 * The functions hold no state and say CREATE OR REPLACE, so the newest text always wins and a change
 * of one reads as a diff of its file. Safe to run twice and beside a running older version.
 */
export async function migrate(): Promise<void> {
  await knex.migrate.latest(migrations);
  for (const file of (await readdir(functions)).sort()) {
    await knex.raw(await readFile(new URL(file, functions), 'utf8'));
  }
}

/** True while migrations of this version have not run yet, in which case `web` is not ready. */
export async function migrationsMissing(): Promise<boolean> {
  const [, pending] = (await knex.migrate.list(migrations)) as [unknown[], unknown[]];
  return pending.length > 0;
}
