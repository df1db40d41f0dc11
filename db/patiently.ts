import type { Knex } from 'knex';

/** Three hours, in ms. */
const HOURS = 10_800_000;

/**
 * Runs a migration's statements one by one on one connection, without the timeouts of requests: an index on a large table takes
 * minutes to hours. No statement may lock a table against readers: it would wait for the longest reader, and later readers would
 * wait for it. The migration needs `config = { transaction: false }`. @throws what a statement throws; later ones are not run
 */
export async function patiently(knex: Knex, statements: string[]): Promise<void> {
  const client = knex.client as Pool;
  const connection = await client.acquireConnection();
  const run = (sql: string) => knex.raw(sql).connection(connection).options({ query_timeout: HOURS });
  try {
    await run('SET statement_timeout = 0');
    await run('SET lock_timeout = 0');
    for (const statement of statements) await run(statement);
  } finally {
    await run('RESET statement_timeout');
    await run('RESET lock_timeout');
    await client.releaseConnection(connection);
  }
}

type Pool = {
  acquireConnection: () => Promise<unknown>;
  releaseConnection: (connection: unknown) => Promise<void>;
};
