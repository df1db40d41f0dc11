import pg from 'pg';
import { log } from '../shared/base/log.ts';

/** Postgres's limits, in ms: the run time of a statement, the wait for a lock, the idle time in a transaction. */
const LIMITS = {
  statement_timeout: 10_000,
  // A statement that waits longer for a lock is aborted, and frees its connection.
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 10_000,
};
type Limits = Partial<typeof LIMITS>;

let found: Promise<Limits> | undefined;

/**
 * Finds out how this process sets Postgres's limits: with each connection, or not at all behind a pooler that
 * refuses them (PgBouncer, unless set to ignore them). There the limits of the role apply (`ALTER ROLE … SET`); a
 * warning names those that are missing. It asks once, on a connection of its own.
 * @returns the limits to connect with
 * @throws the server's error, and asks again at the next call
 */
export function limitsOf(config: pg.ClientConfig): Promise<Limits> {
  found ??= ask(config).catch((err: unknown) => {
    found = undefined;
    throw err;
  });
  return found;
}

async function ask(config: pg.ClientConfig): Promise<Limits> {
  try {
    return await connectWith(config, LIMITS);
  } catch (err) {
    // Matches PgBouncer's text: its code (08P01) means only that the protocol was broken.
    if (!(err instanceof Error && err.message.startsWith('unsupported startup parameter'))) throw err;
    return connectWith(config, {});
  }
}

async function connectWith(config: pg.ClientConfig, limits: Limits): Promise<Limits> {
  const client = new pg.Client({ ...config, ...limits, query_timeout: 2_000 });
  // Without a listener an error between two statements would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>(UNLIMITED, [Object.keys(LIMITS)]);
    const missing = rows.map(({ name }) => name);
    if (missing.length > 0)
      log.warn(
        { missing },
        'Postgres has no limits for this role: set them by ALTER ROLE, see docs/postgres.md',
      );
    return limits;
  } finally {
    // Does not wait: a server that went silent would never answer.
    void client.end().catch(() => {});
  }
}

/** PGlite lists the settings but keeps none of them. */
const UNLIMITED = `SELECT name FROM pg_settings WHERE name = ANY ($1) AND setting = '0' AND version() NOT LIKE '%PGlite%' ORDER BY name`;
