import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startPglite } from './database.ts';

export type Scratch = { url: string; kind: 'native' | 'pglite'; stop: () => Promise<void> };

/**
 * An empty database to be thrown away: one of its own on the server of DATABASE_URL, dropped by `stop`, else PGlite
 * in memory. Throws what the server says.
 */
export async function startScratchDatabase(): Promise<Scratch> {
  const server = process.env.DATABASE_URL;
  if (!server) return { ...(await startPglite('memory')), kind: 'pglite' };
  const name = `parley_test_${randomBytes(6).toString('hex')}`;
  await query(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, kind: 'native', stop: () => query(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  await client.query(sql);
  await client.end();
}
