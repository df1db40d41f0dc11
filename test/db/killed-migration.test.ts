import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import pg from 'pg';
import { itNative } from '../support/native.ts';
import { createOwnDatabase, migrate, type Queries } from '../support/own-database.ts';
import { until } from '../support/until.ts';

describe('a migration', function () {
  this.timeout(120_000);

  it('that was killed half-way is gone on with by the next one', async () => {
    const { url, query, stop } = await createOwnDatabase();
    try {
      const env = { ...process.env, DATABASE_URL: url };
      const victim = spawn(process.execPath, ['scripts/migrate.ts'], { env, stdio: 'ignore' });
      const exited = once(victim, 'exit');
      const isLocked = async () =>
        (await query<{ is_locked: number }>('SELECT is_locked FROM knex_migrations_lock'))[0]?.is_locked ===
        1;
      const hasBegun = async () =>
        (await query<{ n: string }>('SELECT count(*) AS n FROM knex_migrations'))[0]?.n !== '0';
      await until('the first migrations are done', () =>
        isLocked()
          .then(async (locked) => locked && (await hasBegun()))
          .catch(() => false),
      );
      victim.kill('SIGKILL');
      expect(await exited).to.deep.equal([null, 'SIGKILL']);
      expect(await isLocked()).to.equal(true);
      const { code, stderr } = await migrate(url);
      expect(stderr).to.equal('');
      expect(code).to.equal(0);
    } finally {
      await stop();
    }
  });

  itNative('that loses its lock ends, so that the next one is alone', async () => {
    const { url, query, stop } = await createOwnDatabase();
    try {
      const first = migrate(url);
      await takeLock(query);
      const { code, stderr } = await first;
      expect(stderr).to.match(/^npm run migrate: the connection with the lock was lost/m);
      expect(code).to.equal(1);
      expect((await migrate(url)).code).to.equal(0);
    } finally {
      await stop();
    }
  });

  itNative('that loses its lock does not wait for its statement', async () => {
    const { url, query, stop } = await createOwnDatabase();
    const writer = new pg.Client(url);
    await writer.connect();
    try {
      expect((await migrate(url)).code).to.equal(0);
      await query(`DELETE FROM knex_migrations WHERE name = '149_list_indexes_more.ts'`);
      // An index waits for transactions that write to its table.
      await writer.query('BEGIN');
      await writer.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      await writer.query('LOCK TABLE faq_gaps IN ROW EXCLUSIVE MODE');
      const first = migrate(url);
      const waiting = () =>
        query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
             AND query LIKE 'DROP INDEX CONCURRENTLY%'`,
        );
      await until('the migration waits', async () => (await waiting()).length === 1);
      await takeLock(query);
      expect((await first).code).to.equal(1);
      expect(await waiting(), 'its statement goes on').to.have.length(1);
      await writer.query('COMMIT');
      expect((await migrate(url)).code).to.equal(0);
    } finally {
      await writer.end();
      await stop();
    }
  });

  /** Ends the connection that holds the lock of a migration, once there is one. */
  async function takeLock(query: Queries['query']): Promise<void> {
    await until('the lock is taken away', async () => {
      const ended = await query<{ ended: boolean }>(
        `SELECT pg_terminate_backend(pid) AS ended FROM pg_locks
         WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return ended.length === 1;
    });
  }

  itNative('waits for the one that runs, and finds nothing left to do', async () => {
    const { url, stop } = await createOwnDatabase();
    try {
      const both = await Promise.all([migrate(url), migrate(url)]);
      expect(both.map(({ code, stderr }) => [code, stderr])).to.deep.equal([
        [0, ''],
        [0, ''],
      ]);
    } finally {
      await stop();
    }
  });
});
