import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { knex } from './knex.ts';
import { missingFromSchema } from './schema.ts';

const migrations = {
  directory: fileURLToPath(new URL('migrations', import.meta.url)),
  loadExtensions: ['.ts'],
  // A newer release may have been here: its migrations are not ours to miss.
  disableMigrationsListValidation: true,
};
const functions = new URL('functions/', import.meta.url);
/** How many of the things that a schema lacks are named. */
const NAMED = 3;

/**
 * Brings the schema up to date: runs the migrations that are missing, then every file of `db/functions`.
 * The functions hold no state and say CREATE OR REPLACE, so the newest text always wins and a change
 * of one reads as a diff of its file. Safe to run twice and beside a running older version. Leaves the functions of a
 * newer release alone: that release runs on them, and this one can.
 * @returns whether the schema is this release's or a newer one's
 * @throws Error when the schema lacks what its migrations made, as after a half restore
 */
export async function migrate(): Promise<'current' | 'newer'> {
  await knex.migrate.latest(migrations);
  if (await isNewer()) return 'newer';
  // Before the functions, which would fail with a less clear word; those that only lack are made here.
  expectWhole((await missingFromSchema()).filter((line) => !line.startsWith('function ')));
  for (const file of (await readdir(functions)).sort()) {
    await knex.raw(await readFile(new URL(file, functions), 'utf8'));
  }
  expectWhole(await missingFromSchema());
  return 'current';
}

/** Says whether migrations of this version have not run yet, in which case `web` is not ready. */
export async function migrationsMissing(): Promise<boolean> {
  const [, pending] = (await knex.migrate.list(migrations)) as [unknown[], unknown[]];
  return pending.length > 0;
}

async function isNewer(): Promise<boolean> {
  const ours = await readdir(migrations.directory);
  const [done] = (await knex.migrate.list(migrations)) as [{ name: string }[], unknown[]];
  return done.some(({ name }) => !ours.includes(name));
}

function expectWhole(missing: string[]): void {
  if (missing.length === 0) return;
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  const named = missing.slice(0, NAMED).join(', ');
  throw new Error(`the schema is incomplete, restore the backup again: it lacks ${named}${more}`);
}
