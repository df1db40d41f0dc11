import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { env } from '../shared/base/env.ts';
import { knex } from './knex.ts';
import { hasTables, missingFromSchema } from './schema.ts';

const migrations = {
  directory: fileURLToPath(new URL('migrations', import.meta.url)),
  loadExtensions: ['.ts'],
  // A newer release's migrations may have run: they are not in this directory.
  disableMigrationsListValidation: true,
};
const functions = new URL('functions/', import.meta.url);
const NAMED = 3;
/** Ms between two looks at whether another process still migrates. */
const LOOK_MS = 500;

/**
 * Brings the schema up to date: runs the migrations that are missing, then every file of `db/functions`. The functions hold no
 * state and say CREATE OR REPLACE, so the newest text always wins. A change of a function reads as a diff of its file. Safe to
 * run twice, also at once and after a process that was killed, and beside a running older version. Leaves the functions of a
 * newer release alone, because that release's processes run on them.
 * @param checks false: does not compare the schema with its list, for whoever writes that list anew
 * @returns whether the schema is this release's or a newer one's
 * @throws Error when the schema lacks what its migrations made, as after an incomplete restore
 */
export function migrate(checks = true): Promise<'current' | 'newer'> {
  return alone(() => bringUpToDate(checks));
}

async function bringUpToDate(checks: boolean): Promise<'current' | 'newer'> {
  await expectHistory();
  await knex.migrate.latest(migrations);
  if (await isNewer()) return 'newer';
  // Comes before the functions, whose errors would say less. A missing function is not a fault yet.
  if (checks) expectWhole((await missingFromSchema()).filter((line) => !line.startsWith('function ')));
  for (const file of (await readdir(functions)).sort()) {
    await knex.raw(await readFile(new URL(file, functions), 'utf8'));
  }
  if (checks) expectWhole(await missingFromSchema());
  return 'current';
}

/**
 * Runs work once no other process migrates. The lock ends with its connection, so a killed process leaves none. Knex's own lock
 * is a row, which a killed process leaves behind: this frees it. PGlite has no such locks, as its clients share one session:
 * there only `npm start` migrates, which holds the lock of its folder.
 * @throws LockLost when the lock is lost meanwhile; the work may still run
 */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const holder = new pg.Client({
    connectionString: env.DATABASE_URL,
    application_name: 'parley',
    connectionTimeoutMillis: 30_000,
    keepAlive: true,
    // An index takes hours, in which nothing else is sent: routers forget silent connections.
    keepAliveInitialDelayMillis: 5_000,
  });
  holder.on('error', () => {});
  await holder.connect();
  const lost = new Promise<never>((_, refuse) => {
    holder.once('end', () => refuse(new LockLost()));
  });
  // It also ends after the work.
  lost.catch(() => {});
  try {
    const { rows } = await holder.query<{ native: boolean }>(
      `SELECT version() NOT LIKE '%PGlite%' AS native`,
    );
    if (rows[0]?.native === true) {
      // A transaction, which a pooler leaves on one connection. It holds no snapshot: no index waits for it.
      await holder.query(
        `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0`,
      );
      while (!(await locks(holder))) await sleep(LOOK_MS);
    }
    await knex.migrate.forceFreeMigrationsLock(migrations);
    // Without the lock another process may begin.
    return await Promise.race([work(), lost]);
  } finally {
    await holder.end().catch(() => {});
  }
}

/** Says that another process may migrate now: this one must end without waiting for its statement. */
export class LockLost extends Error {
  constructor() {
    super('the connection with the lock was lost: run it again');
  }
}

/**
 * Takes the lock if nobody has it. A statement that waits for it would hold a snapshot, for which the other's new index would
 * wait.
 */
async function locks(holder: pg.Client): Promise<boolean> {
  const { rows } = await holder.query<{ got: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtext('parley.migrate')) AS got`,
  );
  return rows[0]?.got === true;
}

/** Says whether migrations of this release have not run yet; until then `web` is not ready. */
export async function migrationsMissing(): Promise<boolean> {
  return (await history()).pending > 0;
}

/** Returns how many migrations have run, which was the last, and how many of this release's have not run. */
export async function migrationState(): Promise<{ done: number; newest: string | null; pending: number }> {
  const { done, pending } = await history();
  return { done: done.length, newest: done.at(-1)?.replace(/\.ts$/, '') ?? null, pending };
}

/** @throws Error when the database has tables but no record of migrations: a restore was incomplete */
async function expectHistory(): Promise<void> {
  const { done } = await history();
  if (done.length > 0 || !(await hasTables())) return;
  throw new Error(
    'the database holds tables but no record of migrations: empty it and restore the backup again',
  );
}

async function isNewer(): Promise<boolean> {
  const ours = await readdir(migrations.directory);
  return (await history()).done.some((name) => !ours.includes(name));
}

/** Returns the migrations that have run, of any release, and how many of this release's have not. */
async function history(): Promise<{ done: string[]; pending: number }> {
  const [done, pending] = (await knex.migrate.list(migrations)) as [{ name: string }[], unknown[]];
  return { done: done.map(({ name }) => name), pending: pending.length };
}

function expectWhole(missing: string[]): void {
  if (missing.length === 0) return;
  const tables = missing.filter((line) => line.startsWith('table '));
  // The name of a missing table covers its missing parts.
  const parts = missing.filter((line) => !tables.some((table) => line.includes(`${table.slice(5)}.`)));
  const lines = [...new Set([...tables, ...parts])];
  const more = lines.length > NAMED ? ` and ${lines.length - NAMED} more` : '';
  const named = lines.slice(0, NAMED).join(', ');
  throw new Error(`the schema is incomplete, restore the backup again: it lacks ${named}${more}`);
}
