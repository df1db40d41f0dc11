import { knex } from './knex.ts';

type Binding =
  | string
  | number
  | boolean
  | Date
  | null
  | readonly (string | number)[]
  | Record<string, unknown>;

/**
 * Runs one statement and returns its rows.
 * @param sql with `:name` for each binding (cast by CAST: knex reads `:name::type` as a column); a plain object is bound as JSON, an array as a Postgres array
 */
export async function rows<T>(sql: string, bindings: Record<string, Binding> = {}): Promise<T[]> {
  const result = (await knex.raw(sql, bindings as Record<string, never>)) as { rows: T[] };
  return result.rows;
}

/** The first row of a statement, or null. */
export async function row<T>(sql: string, bindings: Record<string, Binding> = {}): Promise<T | null> {
  return (await rows<T>(sql, bindings))[0] ?? null;
}
