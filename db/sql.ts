import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { ClientBase, QueryResult } from 'pg';
import { log } from '../shared/base/log.ts';
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
 * @param db a transaction, whose connection then runs it without a plan that is kept: what fails there cannot be tried again
 */
export async function rows<T>(sql: string, bindings: Bindings = {}, db: Knex = knex): Promise<T[]> {
  return (await way.run(sql, bindings, db)) as T[];
}

/** Returns the first row of a statement; undefined where there is none. */
export async function row<T>(sql: string, bindings: Bindings = {}, db: Knex = knex): Promise<T | undefined> {
  return (await rows<T>(sql, bindings, db))[0];
}

/** Returns the column `id` of a statement's rows. */
export async function ids(sql: string, bindings: Bindings = {}, db: Knex = knex): Promise<number[]> {
  return (await rows<{ id: number }>(sql, bindings, db)).map(({ id }) => id);
}

/** Every statement above passes through `way.run`; the model of a run's life (test/model) replaces it. */
export const way = { run };

type Bindings = Record<string, Binding>;

async function run(sql: string, bindings: Bindings, db: Knex = knex): Promise<object[]> {
  const { parameters, ...statement } = prepared(sql);
  const values = parameters.map((parameter) => {
    const value = bindings[parameter];
    if (value === undefined) throw new Error(`no binding for :${parameter}`);
    return value;
  });
  return withConnection(db, async (connection) => {
    if (!preparing || db !== knex) return (await query(connection, { text: statement.text, values })).rows;
    try {
      return (await query(connection, { ...statement, values })).rows;
    } catch (err) {
      if (isPooled(err)) stopPreparing(err);
      else if (isStale(err)) renew(sql, statement.text);
      else throw err;
      // Runs it again, unnamed: Postgres refused the named statement before it ran.
      return (await query(connection, { text: statement.text, values })).rows;
    }
  });
}

type Prepared = { name: string; text: string; parameters: string[] };

const known = new Map<string, Prepared>();
/** Whether statements have names, under which each connection keeps their plans. */
let preparing = true;

/**
 * Rewrites a statement for pg: `$1` for the first `:name`, and so on. Its name is a hash of its text: behind a
 * pooler that shares connections, one name never means two statements.
 */
export function prepared(sql: string): Prepared {
  const found = known.get(sql);
  if (found !== undefined) return found;
  const parameters: string[] = [];
  const text = sql.replace(
    /(?<![:\w]):([a-z_]\w*)/gi,
    (_, parameter: string) => `$${parameters.push(parameter)}`,
  );
  const statement = { ...named(text), parameters };
  known.set(sql, statement);
  return statement;
}

function named(text: string): { name: string; text: string } {
  return { name: `parley_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, text };
}

/**
 * Says whether a pooler moved the connection to another server connection. Such a server connection does not know
 * the statement (26000), or already has it (42P05).
 */
function isPooled(err: unknown): boolean {
  return ['26000', '42P05'].includes(String((err as { code?: unknown }).code));
}

/** Goes on without names: Postgres plans each statement at each call, which is right with any pooler. */
function stopPreparing(err: unknown): void {
  if (preparing)
    log.warn({ err }, 'Pooler does not keep prepared statements; this process goes on without them');
  preparing = false;
}

/** Says whether a migration changed a statement's columns, which makes its plan invalid. */
function isStale(err: unknown): boolean {
  const { code, routine } = err as { code?: unknown; routine?: unknown };
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}

/**
 * Gives a statement another text, and so another name: every connection plans it anew, also behind a pooler.
 * @param stale the text whose plan was refused; another caller may have renewed it already
 */
function renew(sql: string, stale: string): void {
  const { text, parameters } = prepared(sql);
  if (text === stale) known.set(sql, { ...named(`${text} --`), parameters });
}

async function withConnection<T>(db: Knex, use: (connection: ClientBase) => Promise<T>): Promise<T> {
  const { client } = db as { client: Connections };
  const connection = await client.acquireConnection();
  try {
    return await use(connection);
  } finally {
    void client.releaseConnection(connection);
  }
}

/** Queries with a callback, as knex does: the pool watches that call for connections that went silent (db/knex.ts). */
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
