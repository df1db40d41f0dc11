import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { itNative } from '../support/native.ts';
import { createOwnDatabase, migrate } from '../support/own-database.ts';
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
      await until('the lock is taken away', async () => {
        const ended = await query<{ ended: boolean }>(
          `SELECT pg_terminate_backend(pid) AS ended FROM pg_locks
           WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return ended.length === 1;
      });
      const { code, stderr } = await first;
      expect(stderr).to.match(/^npm run migrate: the connection with the lock was lost/m);
      expect(code).to.equal(1);
      expect((await migrate(url)).code).to.equal(0);
    } finally {
      await stop();
    }
  });

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
