import type { ClientBase, QueryResult } from 'pg';
import { knex } from './knex.ts';

type Binding =
  | string
  | number
  | boolean
  | Date
  | null
  | readonly (string | number | null)[]
  | Record<string, unknown>;

/**
 * Runs one statement and returns its rows. It goes past knex to a connection of its pool, as a prepared statement of
 * that connection: Postgres plans it once and not for every call. Texts must therefore be few: built of parts, never
 * of data.
 * @param sql with `:name` for each binding; a plain object is bound as JSON, an array as a Postgres array
 */
export async function rows<T>(sql: string, bindings: Bindings = {}): Promise<T[]> {
  return (await way.run(sql, bindings)) as T[];
}

/** The first row of a statement, or null. */
export async function row<T>(sql: string, bindings: Bindings = {}): Promise<T | null> {
  return (await rows<T>(sql, bindings))[0] ?? null;
}

/** The one way to Postgres of every statement above; the model of a run's life (test/model) puts itself in it. */
export const way = { run };

type Bindings = Record<string, Binding>;

async function run(sql: string, bindings: Bindings): Promise<object[]> {
  const { name, text, parameters } = prepared(sql);
  const values = parameters.map((parameter) => {
    const value = bindings[parameter];
    if (value === undefined) throw new Error(`no binding for :${parameter}`);
    return value;
  });
  return withConnection(async (connection) => {
    try {
      return (await query(connection, { name, text, values })).rows;
    } catch (err) {
      if (!UNPREPARED.includes(String((err as { code?: unknown }).code))) throw err;
      // It did not run. The pool discards a connection that is marked so.
      Object.assign(connection, { __knex__disposed: 'its prepared statements are out of date' });
      return (await query(connection, { text, values })).rows;
    }
  });
}

type Prepared = { name: string; text: string; parameters: string[] };

/**
 * A prepared statement is not what it was: a migration has changed what it returns (0A000), or a proxy in between gave
 * the connection's place at the server to another (26000: unknown there, 42P05: known already).
 */
const UNPREPARED = ['0A000', '26000', '42P05'];
const known = new Map<string, Prepared>();

/** A statement as pg takes it: `$1` for the first `:name`, and so on. */
export function prepared(sql: string): Prepared {
  const found = known.get(sql);
  if (found !== undefined) return found;
  const parameters: string[] = [];
  const text = sql.replace(
    /(?<![:\w]):([a-z_]\w*)/gi,
    (_, parameter: string) => `$${parameters.push(parameter)}`,
  );
  const statement = { name: `parley_${known.size + 1}`, text, parameters };
  known.set(sql, statement);
  return statement;
}

async function withConnection<T>(use: (connection: ClientBase) => Promise<T>): Promise<T> {
  const { client } = knex as { client: Connections };
  const connection = await client.acquireConnection();
  try {
    return await use(connection);
  } finally {
    void client.releaseConnection(connection);
  }
}

/** By callback, as knex asks: that is the way the pool watches for connections that went silent (db/knex.ts). */
function query(connection: ClientBase, config: { name?: string; text: string; values: Binding[] }) {
  return new Promise<QueryResult<object>>((resolve, reject) => {
    connection.query<object>(config as { text: string; values: unknown[] }, (err: Error | null, result) =>
      err === null ? resolve(result) : reject(err),
    );
  });
}

type Connections = {
  acquireConnection: () => Promise<ClientBase>;
  releaseConnection: (connection: ClientBase) => Promise<void>;
};
