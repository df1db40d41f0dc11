import { Redis } from 'ioredis';
import { knex } from '../../db/knex.ts';
import { unguarded } from './audit.ts';

const DEADLOCK = '40P01';
const TRIES = 5;
/** Has one row at all times. */
const KEPT = ['faq_set'];

/** Empties every table of the application, and Redis, for a top-level `describe`. */
export async function clean(): Promise<void> {
  const redis = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true });
  await redis.connect();
  await Promise.all([truncate(), redis.flushall()]);
  redis.disconnect();
}

async function truncate(): Promise<void> {
  const { names, rows } = await appTables();
  // Half of the suites need no table, and to empty all of them takes half a second on a busy machine.
  if (names && (await wasWritten(rows)))
    await undisturbed(() => unguarded((trx) => trx.raw(`TRUNCATE ${names} RESTART IDENTITY CASCADE`)));
}

/** Runs what locks whole tables again when a statement that a test left behind reads them in another order. */
export async function undisturbed<T>(locks: () => PromiseLike<T>): Promise<T> {
  for (let more = TRIES; ; more -= 1) {
    try {
      return await locks();
    } catch (err) {
      if (more === 0 || (err as { code?: string }).code !== DEADLOCK) throw err;
    }
  }
}

/** Says whether a table has a row, or a sequence was used. @param anyRows the condition that one has */
async function wasWritten(anyRows: string): Promise<boolean> {
  const { rows } = (await knex.raw(
    `SELECT ${anyRows} OR EXISTS (SELECT FROM pg_sequences
       WHERE schemaname = 'public' AND sequencename NOT LIKE 'knex_%' AND last_value IS NOT NULL) AS written`,
  )) as { rows: [{ written: boolean }] };
  return rows[0].written;
}

async function appTables(): Promise<{ names: string | null; rows: string }> {
  const { rows } = (await knex.raw(
    `SELECT string_agg(format('%I', tablename), ', ') AS names,
            string_agg(format('EXISTS (SELECT FROM %I)', tablename), ' OR ')
              FILTER (WHERE tablename <> ALL (:kept)) AS rows FROM pg_tables
     WHERE schemaname = 'public' AND tablename NOT LIKE 'knex_%'`,
    { kept: KEPT },
  )) as { rows: [{ names: string | null; rows: string }] };
  return rows[0];
}
