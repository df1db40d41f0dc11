import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startPglite } from './database.ts';

export type Scratch = { url: string; kind: 'native' | 'pglite'; stop: () => Promise<void> };

/**
 * Returns an empty database for one use: a database on the server of DATABASE_URL, which `stop` drops, else
 * PGlite in memory.
 * @throws the server's error
 */
export async function startScratchDatabase(): Promise<Scratch> {
  const server = process.env.DATABASE_URL;
  if (!server) return { ...(await startPglite('memory')), kind: 'pglite' };
  return {
    ...(await createDatabase(server, `parley_test_${randomBytes(6).toString('hex')}`)),
    kind: 'native',
  };
}

/**
 * Creates a database. For a superuser it also creates the extension and an owner that may do nothing else, as on
 * a managed server: such an owner may not create the extension.
 * @param server the address of a superuser, or of a role that may create databases
 */
export async function createDatabase(server: string, name: string): Promise<Omit<Scratch, 'kind'>> {
  const url = new URL(server);
  url.pathname = `/${name}`;
  const drop = [`DROP DATABASE ${name} WITH (FORCE)`];
  if (await isSuperuser(server)) {
    const password = randomBytes(12).toString('hex');
    await query(
      server,
      `CREATE ROLE ${name} LOGIN NOSUPERUSER PASSWORD '${password}'`,
      `CREATE DATABASE ${name} OWNER ${name}`,
    );
    await query(url.href, 'CREATE EXTENSION vector');
    [url.username, url.password] = [name, password];
    drop.push(`DROP ROLE ${name}`);
  } else {
    await query(server, `CREATE DATABASE ${name}`);
  }
  return { url: url.href, stop: async () => void (await query(server, ...drop)) };
}

async function isSuperuser(server: string): Promise<boolean> {
  const rows = await query(server, 'SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper');
  return rows.length > 0;
}

async function query(url: string, ...statements: string[]): Promise<object[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    let rows: object[] = [];
    for (const statement of statements) ({ rows } = await client.query<object>(statement));
    return rows;
  } finally {
    await client.end();
  }
}
