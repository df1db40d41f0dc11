import pg from 'pg';

export type Counts = Record<string, number>;

/** Opens a connection without our time limits: backups may take long. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'parley-backup',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => {});
  await client.connect();
  await client.query(
    'SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0',
  );
  return client;
}

/** Counts the rows of each table of the schema public, as the connection's transaction sees them. */
export async function countRows(client: pg.Client): Promise<Counts> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1`,
  );
  const counts: Counts = {};
  for (const { name } of tables) {
    const { rows } = await client.query<{ n: string }>(
      `SELECT count(*) AS n FROM public.${client.escapeIdentifier(name)}`,
    );
    counts[name] = Number(rows[0]?.n);
  }
  return counts;
}

/** @throws Error that names the tables whose rows are others */
export function expectSame(expected: Counts, found: Counts): void {
  const wrong = [...new Set([...Object.keys(expected), ...Object.keys(found)])]
    .filter((name) => expected[name] !== found[name])
    .map((name) => `${name}: ${found[name] ?? 'missing'} instead of ${expected[name] ?? 'none'}`);
  if (wrong.length > 0) throw new Error(`the restored rows differ: ${wrong.join(', ')}`);
}
