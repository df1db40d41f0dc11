import { row } from '../sql.ts';

export type Server = {
  version: string;
  major: number;
  /** The version of pgvector in this database; null: none. */
  vector: string | null;
  superuser: boolean;
  max_connections: number;
  /** What is left of max_connections to roles that are not superusers. */
  free_connections: number;
  /** Connections of all databases. */
  connections: number;
  now: Date;
};

/** Returns what the Postgres server says of itself. Needs no privilege. */
export async function aboutServer(): Promise<Server> {
  const found = await row<Server>(
    `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
       current_setting('server_version_num')::int / 10000 AS major,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       current_setting('max_connections')::int AS max_connections,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0) AS free_connections,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS connections,
       clock_timestamp() AS now`,
  );
  if (found === undefined) throw new Error('no answer');
  return found;
}
