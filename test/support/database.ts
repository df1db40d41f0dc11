import { Redis } from 'ioredis';
import { knex } from '../../db/knex.ts';
import { unguarded } from './audit.ts';

const DEADLOCK = '40P01';
const TRIES = 5;

/** Empties every table of the application, and Redis, for a top-level `describe`. */
export async function clean(): Promise<void> {
  const redis = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true });
  await redis.connect();
  await Promise.all([truncate(), redis.flushall()]);
  redis.disconnect();
}

async function truncate(): Promise<void> {
  const tables = await appTables();
  if (tables)
    await undisturbed(() => unguarded((trx) => trx.raw(`TRUNCATE ${tables} RESTART IDENTITY CASCADE`)));
}

/** Runs a TRUNCATE again when a statement that a test left behind reads the same tables in another order. */
export async function undisturbed<T>(truncation: () => PromiseLike<T>): Promise<T> {
  for (let more = TRIES; ; more -= 1) {
    try {
      return await truncation();
    } catch (err) {
      if (more === 0 || (err as { code?: string }).code !== DEADLOCK) throw err;
    }
  }
}

async function appTables(): Promise<string> {
  const { rows } = (await knex.raw(
    `SELECT string_agg(format('%I', tablename), ', ') AS names FROM pg_tables
     WHERE schemaname = 'public' AND tablename NOT LIKE 'knex_%'`,
  )) as { rows: [{ names: string | null }] };
  return rows[0].names ?? '';
}
