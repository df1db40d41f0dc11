import type { Socket } from 'node:net';
import makeKnex from 'knex';
import { Model } from 'objection';
import pg from 'pg';
import { env } from '../shared/base/env.ts';
import { log } from '../shared/base/log.ts';
import { onStop } from '../shared/base/stop.ts';
import { limitsOf } from './limits.ts';

// Parses int8 ids, also in arrays, as numbers: they fit a double. pg would return strings.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const INT8_ARRAY: number = 1016;
const asTexts = pg.types.getTypeParser(INT8_ARRAY) as (array: string) => string[];
pg.types.setTypeParser(INT8_ARRAY, (array) => asTexts(array).map(Number));

const connection = {
  connectionString: env.DATABASE_URL,
  application_name: 'parley',
  connectionTimeoutMillis: 2_000,
  // Ends our wait when the server disappears without closing the connection.
  query_timeout: 12_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
};

/**
 * The pool of this process. node-postgres waits for ever by default. Every wait here has an end, so that a
 * database that hangs causes a 503 and not a queue of requests.
 */
export const knex = makeKnex({
  client: 'pg',
  connection: async () => ({ ...connection, ...(await limitsOf(connection)) }),
  // knex would write these to stderr as plain text.
  log: {
    warn: (message: unknown) => log.warn({ err: message }, 'Knex gives a warning'),
    error: (message: unknown) => log.error({ err: message }, 'Knex reports an error'),
  },
  pool: {
    min: 0,
    max: env.DATABASE_POOL_MAX,
    acquireTimeoutMillis: 3_000,
    idleTimeoutMillis: 30_000,
    afterCreate: (client: pg.Client, done: (err: null, client: pg.Client) => void) => {
      dropWhenSilent(client);
      done(null, client);
    },
  },
});

Model.knex(knex);
onStop('database', () => knex.destroy());

/**
 * Closes a connection that did not answer in time, which makes the pool discard it. In the pool it would still
 * wait for that answer, and delay the next statement.
 */
function dropWhenSilent(client: pg.Client): void {
  const query = client.query.bind(client) as (config: unknown, answered: Answered) => unknown;
  const watched = (config: unknown, answered: Answered) =>
    query(config, (err, result) => {
      if (err?.message === 'Query read timeout') {
        (client as Connected).connection.stream.destroy();
      }
      answered(err, result);
    });
  client.query = watched as typeof client.query;
}

type Answered = (err: Error | null, result: unknown) => void;
/** A field of pg that its types leave out. */
type Connected = pg.Client & { connection: { stream: Socket } };
