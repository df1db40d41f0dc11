import { expect } from 'chai';
import pg from 'pg';
import { type Service, startPglite } from '../../scripts/services/database.ts';
import { until } from '../support/until.ts';

const CLIENTS = 9;
const ROUNDS = 20;
/** Larger than a socket's buffer, so that batches of different clients arrive in pieces. */
const TEXT = 'x'.repeat(30_000);

// @electric-sql/pglite-socket 0.2.17 passes without names and fails with them: its clients share one set of names.
describe('the embedded PostgreSQL', () => {
  let service: Service;
  before(async () => {
    service = await startPglite('memory');
    await withClient((client) => client.query('CREATE TABLE t (id bigserial PRIMARY KEY, body text)'));
  });
  after(() => service.stop());

  it('keeps the batches and the prepared statements of nine clients apart', async () => {
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      withClient(async (client) => {
        // One name means another statement for each client.
        const read = { name: 'parley_1', text: `SELECT body, ${i} AS client FROM t WHERE id = $1` };
        for (let round = 0; round < ROUNDS; round++) {
          const body = `${TEXT} ${i} ${round}`;
          await client.query('BEGIN');
          const inserted = await client.query({
            name: 'parley_2',
            text: 'INSERT INTO t (body) VALUES ($1) RETURNING id',
            values: [body],
          });
          const { rows } = await client.query({ ...read, values: [inserted.rows[0].id] });
          await client.query('COMMIT');
          expect(rows).to.deep.equal([{ body, client: i }]);
        }
      }),
    );
    await Promise.all(clients);
  });

  it('rolls back the transaction of a client that vanishes', async () => {
    const vanishing = await connect();
    await vanishing.query('BEGIN');
    await vanishing.query("INSERT INTO t (body) VALUES ('never')");
    const { stream } = (vanishing as unknown as { connection: { stream: { destroy: () => void } } })
      .connection;
    stream.destroy();
    const { rows } = await withClient((client) =>
      client.query("SELECT count(*)::int FROM t WHERE body = 'never'"),
    );
    expect(rows).to.deep.equal([{ count: 0 }]);
  });

  it('forgets what a client has set that left, such as pg_dump', async () => {
    await withClient((client) => client.query("SELECT set_config('search_path', '', false)"));
    const found = () => withClient((client) => client.query('SELECT FROM t LIMIT 1')).catch(() => undefined);
    await until('the tables are found again', found);
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: service.url });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async function withClient<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  }
});
