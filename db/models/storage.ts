import { row, rows } from '../sql.ts';

export type Stored = { name: string; rows: number; bytes: number };

/** Returns how large the database is, in bytes. */
export async function databaseBytes(): Promise<number> {
  const found = await row<{ bytes: number }>('SELECT pg_database_size(current_database()) AS bytes');
  return found?.bytes ?? 0;
}

/** Returns the largest tables with their indexes, the largest first. The number of rows is the planner's estimate. */
export function largestTables(limit: number): Promise<Stored[]> {
  return rows(
    `SELECT c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS bytes
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     ORDER BY bytes DESC, name LIMIT :limit`,
    { limit },
  );
}
