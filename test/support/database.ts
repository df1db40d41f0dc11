import { Redis } from 'ioredis';
import { knex } from '../../db/knex.ts';
import { unguarded } from './audit.ts';

/** Empties every table of the application, and Redis, for a top-level `describe`. */
export async function clean(): Promise<void> {
  const redis = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true });
  await redis.connect();
  await Promise.all([truncate(), redis.flushall()]);
  redis.disconnect();
}

async function truncate(): Promise<void> {
  const tables = await appTables();
  if (tables) await unguarded((trx) => trx.raw(`TRUNCATE ${tables} RESTART IDENTITY CASCADE`));
}

async function appTables(): Promise<string> {
  const { rows } = (await knex.raw(
    `SELECT string_agg(format('%I', tablename), ', ') AS names FROM pg_tables
     WHERE schemaname = 'public' AND tablename NOT LIKE 'knex_%'`,
  )) as { rows: [{ names: string | null }] };
  return rows[0].names ?? '';
}
