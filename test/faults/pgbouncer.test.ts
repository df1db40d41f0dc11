import { expect } from 'chai';
import { type Client, connectClient } from '../support/client.ts';
import { expectInvariants } from '../support/invariants.ts';
import { onNative } from '../support/native.ts';
import { createOwnDatabase, migrate, type Queries, runCommand } from '../support/own-database.ts';
import { type Bouncer, hasPgbouncer, startBouncer } from '../support/pgbouncer.ts';
import { type Stack, startApart, WORKERS } from '../support/stack.ts';

const USERS = 4;
const MESSAGES = 30;
const POOL = 5;

(onNative && hasPgbouncer ? describe : describe.skip)('Behind PgBouncer in transaction mode', () => {
  let database: Queries;
  let bouncer: Bouncer;
  before(async function () {
    this.timeout(60_000);
    database = await createOwnDatabase();
    expect(await migrate(database.url)).to.include({ code: 0 });
    bouncer = await startBouncer(database.url);
  });
  after(async () => {
    await bouncer.stop();
    await database.stop();
  });

  /** Runs a statement through the pooler, in a process of its own. */
  const ask = (sql: string, { url } = bouncer) =>
    runCommand(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { rows } = await import('${process.cwd()}/db/sql.ts');
         const { stop } = await import('${process.cwd()}/shared/base/stop.ts');
         console.log(await rows('${sql}').then(JSON.stringify, ({ code }) => code));
         await stop();`,
      ],
      { DATABASE_URL: url, LOG_LEVEL: 'warn' },
    );

  it('a process warns at start when the role has no limits, whether the pooler refuses or drops them', async function () {
    this.timeout(60_000);
    const limits = 'statement_timeout, lock_timeout, idle_in_transaction_session_timeout';
    const dropping = await startBouncer(database.url, `ignore_startup_parameters = ${limits}`);
    try {
      for (const one of [bouncer, dropping]) {
        const { stdout } = await ask('SELECT 1 AS one', one);
        expect(stdout).to.contain('set them by ALTER ROLE').and.to.contain('[{"one":1}]');
      }
    } finally {
      await dropping.stop();
    }
  });

  it('a process runs under the limits of its role and does not warn', async function () {
    this.timeout(60_000);
    const role = new URL(database.url).username;
    for (const [name, value] of Object.entries({
      statement: '500ms',
      lock: '5s',
      idle_in_transaction_session: '10s',
    }))
      await database.query(`ALTER ROLE ${role} SET ${name}_timeout = '${value}'`);
    // The pooler's open connections keep the old limits.
    await database.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user',
    );
    expect((await ask('SELECT pg_sleep(8)')).stdout).to.equal('57014\n');
    await database.query(`ALTER ROLE ${role} SET statement_timeout = '10s'`);
  });

  it('processes answer 120 messages once, run no statement of another process and open few connections', async function () {
    this.timeout(150_000);
    const before = bouncer.connections();
    const processes = 2 + WORKERS.length;
    const stack = await startApart({
      DATABASE_URL: bouncer.url,
      DATABASE_POOL_MAX: String(POOL),
      RATE_LIMIT_PER_MINUTE: '10000',
    });
    const clients: Client[] = [];
    try {
      for (let i = 0; i < USERS; i += 1) clients.push(await signUp(stack, i));
      await Promise.all(clients.map((client, i) => sendAll(client, i)));
      await expectInvariants(clients, processes, { rows: (sql) => database.query(sql) });
      expect(await database.query('SELECT status, count(*) FROM runs GROUP BY status')).to.deep.equal([
        { status: 'completed', count: USERS * MESSAGES },
      ]);
      const errors = ['web', ...WORKERS]
        .flatMap((type) => stack.of(type).flatMap(({ logs }) => logs))
        .filter(
          ({ level, msg }) =>
            ['error', 'fatal'].includes(String(level)) ||
            msg === 'Job failed; BullMQ tries it again or gives it up',
        );
      expect(errors).to.deep.equal([]);
      // Each process fills its pool once, after one connection that asks for the limits.
      expect(bouncer.connections() - before).to.be.at.most(processes * (POOL + 1));
    } finally {
      for (const client of clients) client.close();
      await stack.stop();
    }
  });
});

async function signUp(stack: Stack, i: number): Promise<Client> {
  const consents = { gdpr_consent: true, data_processing_consent: true };
  const account = {
    email: `b${i}@example.com`,
    username: `bounced${i}`,
    password: 'correct horse',
    ...consents,
  };
  const { body } = await stack.post('/auth/register', account, '');
  const { user, access_token } = body as { user: { id: number }; access_token: string };
  return connectClient({ id: user.id, access: access_token }, stack.web[0] ?? '', stack.web[1] ?? '');
}

/** Sends in ten conversations at a time. */
async function sendAll(client: Client, user: number): Promise<void> {
  const one = async (conversation: number) => {
    let conversation_id: number | undefined;
    for (let i = 0; i < MESSAGES / 10; i += 1)
      ({ conversation_id } = await client.send(`${user}-${conversation}-${i} [[tokens:3]]`, {
        ...(conversation_id !== undefined && { conversation_id }),
      }));
  };
  await Promise.all(Array.from({ length: 10 }, (_, i) => one(i)));
}
