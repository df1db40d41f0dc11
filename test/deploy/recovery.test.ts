import { expect } from 'chai';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { script, startScript } from '../../lab/drill/house.ts';
import { type Postgres, startCluster } from '../../lab/kit/postgres.ts';
import { startRecovered } from '../../lab/kit/recovered.ts';
import { onNative } from '../support/native.ts';

(onNative ? describe : describe.skip)('npm run restore -- base', function () {
  // It starts two servers.
  this.timeout(180_000);
  let server: Postgres;
  let folder: string;
  let env: Record<string, string>;
  before(async () => {
    server = await startCluster();
    folder = mkdtempSync(join(tmpdir(), 'parley-recovery-'));
    // The recovered server runs as another user, and reads WAL here.
    chmodSync(folder, 0o755);
    env = {
      DATABASE_URL: server.url,
      BACKUP_REPLICATION_URL: server.url,
      BACKUP_DIR: join(folder, 'backups'),
      BACKUP_PLAIN: 'yes',
    };
    await script('migrate', [], env);
    await server.rows('CREATE TABLE kept AS SELECT 1 AS n');
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('brings back what was stored before an accident, and nothing of after it', async () => {
    const receiver = startScript('backup', ['wal'], env);
    const ended = once(receiver, 'exit');
    await script('backup', ['base'], env);
    await server.rows('INSERT INTO kept VALUES (2)');
    // A time as JavaScript and people write it: with T and Z.
    const [moment] = await server.rows<{ at: Date }>('SELECT clock_timestamp() AS at');
    const until = new Date((moment?.at.getTime() ?? 0) + 1).toISOString();
    await untilTrue('SELECT clock_timestamp() > $1 AS yes', until);
    await server.rows('DELETE FROM kept');
    const [end] = await server.rows<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at');
    await untilTrue('SELECT write_lsn >= $1 AS yes FROM pg_stat_replication', end?.at ?? '');
    receiver.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);

    mkdirSync(join(folder, 'moment'), { mode: 0o755 });
    await script('restore', ['base', '--data', join(folder, 'moment', 'data'), '--until', until], env);
    const recovered = await startRecovered(join(folder, 'moment'), [join(folder, 'backups')]);
    try {
      expect(await recovered.rows('SELECT n FROM kept ORDER BY n')).to.deep.equal([{ n: 1 }, { n: 2 }]);
    } finally {
      await recovered.stop();
    }
  });

  /** Asks until a statement returns `yes`; the test's own time limit ends it. */
  async function untilTrue(sql: string, value: string): Promise<void> {
    while ((await server.rows<{ yes: boolean }>(sql.replace('$1', `'${value}'`)))[0]?.yes !== true)
      await sleep(20);
  }
});
