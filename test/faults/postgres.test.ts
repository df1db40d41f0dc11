import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../support/api.ts';
import { type Client, connectClient } from '../support/client.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { expectInvariants } from '../support/invariants.ts';
import { onNative } from '../support/native.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { type Stack, startApart, WORKERS } from '../support/stack.ts';

(onNative ? describe : describe.skip)('failures of PostgreSQL', () => {
  let cluster: Cluster;
  let proxy: Proxy;
  let stack: Stack;
  let client: Client;
  const processes = 2 + WORKERS.length;

  before(async function () {
    this.timeout(150_000);
    cluster = await startCluster();
    proxy = await startProxy(cluster.port);
    const url = new URL(cluster.url);
    url.port = String(proxy.port);
    stack = await startApart({
      DATABASE_URL: url.href,
      RATE_LIMIT_PER_MINUTE: '10000',
      DATABASE_POOL_MAX: '10',
    });
    const signedUp = await stack.post(
      '/auth/register',
      {
        email: 'a@example.com',
        username: 'faults',
        password: 'correct horse',
        gdpr_consent: true,
        data_processing_consent: true,
      },
      '',
    );
    const { user, access_token } = signedUp.body as { user: { id: number }; access_token: string };
    client = await connectClient(
      { id: user.id, access: access_token },
      stack.web[0] ?? '',
      stack.web[1] ?? '',
    );
  });
  after(async function () {
    this.timeout(150_000);
    client.close();
    await stack.stop();
    await proxy.close();
    await cluster.stop();
  });

  async function expectNothingLost(): Promise<void> {
    await expectInvariants([client], processes, { rows: cluster.rows });
    for (const one of ['web', ...WORKERS].flatMap((type) => stack.of(type)))
      expect(() => process.kill(one.pid, 0), `${one.type} died`).to.not.throw();
    expect(
      await cluster.rows("SELECT id, status, error_code FROM runs WHERE status <> 'completed'"),
    ).to.deep.equal([]);
  }

  /** Starts four answers and holds them in the middle of their streams. */
  async function begin(what: string): Promise<void> {
    stack.provider.reset();
    stack.provider.pause(4);
    for (let i = 0; i < 4; i += 1) await client.send(`${what} ${i} [[tokens:20]]`);
    await stack.provider.until((calls) => calls.filter(({ held }) => held).length === 4, 40_000);
  }

  it('web answers 503 with Retry-After while PostgreSQL is away; no process dies and no run counts a failure', async function () {
    this.timeout(150_000);
    await begin('away');
    const waiting = await client.send('about to begin [[tokens:3]]');
    proxy.cut();
    stack.provider.resume();
    const until = Date.now() + 4_000;
    while (Date.now() < until) {
      const answer = await client.post('away [[tokens:2]]');
      expect(answer.status).to.equal(503);
      expect(Number(answer.headers.get('retry-after'))).to.be.greaterThan(0);
      await sleep(200);
    }
    expect((await call(`${stack.web[0]}/readyz`)).status).to.equal(503);
    expect((await call(`${stack.web[0]}/livez`)).status).to.equal(200);
    proxy.mend();
    await client.send('back [[tokens:2]]');
    await client.end(waiting.run_id);
    await expectNothingLost();
    expect(
      await cluster.rows('SELECT id, crashes, retries FROM runs WHERE crashes > 0 OR retries > 0'),
    ).to.deep.equal([]);
  });

  it('each key has one answered run after PostgreSQL restarts in the middle of transactions', async function () {
    this.timeout(150_000);
    await begin('restart');
    stack.provider.resume();
    const posts = Array.from({ length: 30 }, (_, i) => client.send(`during ${i} [[tokens:3]]`));
    await sleep(60);
    await cluster.restartImmediately();
    await Promise.all(posts);
    const [{ runs } = { runs: 0 }] = await cluster.rows<{ runs: number }>(
      "SELECT count(*)::int AS runs FROM messages WHERE message_type = 'user' AND content LIKE 'during %'",
    );
    expect(runs).to.equal(30);
    await expectNothingLost();
  });

  it('a connection on which PostgreSQL falls silent fails once and is closed, and new ones work', async function () {
    this.timeout(150_000);
    stack.provider.reset();
    const silent = proxy.silence();
    expect(silent).to.be.greaterThan(0);
    let failed = 0;
    for (let before = -1; failed > before; ) {
      before = failed;
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => client.post('silence [[tokens:2]]')),
      );
      failed += answers.filter(({ status }) => status !== 202).length;
      // A connection that returned to the pool would fail again.
      expect(failed, 'posts that failed').to.be.within(1, silent);
    }
    await expectNothingLost();
  });

  it('a statement that committed before its answer was lost takes effect once', async function () {
    this.timeout(150_000);
    stack.provider.reset();
    const statements = [
      'accept_message',
      'claim_run',
      'finish_run',
      'SET moderation =',
      'SET context =',
      'SET announced_at',
      'WITH released AS',
    ];
    // New connections send the texts of their statements; later calls send only names.
    proxy.cut();
    proxy.mend();
    proxy.cutOnce(statements);
    // The first of these loses its answer; the client asks again under its key.
    for (let i = 0; i < 8; i += 1) await client.send(`lost ${i} [[status:500]] [[times:1]] [[tokens:3]]`);
    await expectNothingLost();
    expect(proxy.cutFor().toSorted()).to.deep.equal(statements.toSorted());
    const doubled = await cluster.rows(
      "SELECT content FROM messages WHERE message_type = 'user' GROUP BY content HAVING count(*) > 1 AND content LIKE 'lost %'",
    );
    expect(doubled).to.deep.equal([]);
  });

  it('web answers 503 while the disk is full, and streams end when the disk has space', async function () {
    this.timeout(150_000);
    const disk = mountDisk();
    if (disk === undefined) return this.skip();
    try {
      await cluster.rows(`CREATE TABLESPACE small LOCATION '${disk}'`);
      await cluster.rows('ALTER TABLE messages SET TABLESPACE small');
      await begin('full disk');
      await cluster.rows('CREATE TABLE filler (bytes text) TABLESPACE small');
      await cluster.rows('ALTER TABLE filler ALTER bytes SET STORAGE EXTERNAL');
      await fill();
      let full: number | undefined;
      for (let i = 0; i < 20 && full !== 503; i += 1)
        full = (await client.post(`${randomBytes(7_000).toString('hex')} [[tokens:2]]`)).status;
      expect(full).to.equal(503);
      stack.provider.resume();
      await sleep(1_000);
      await cluster.rows('DROP TABLE filler');
      await expectNothingLost();
    } finally {
      await cluster.rows('DROP TABLE IF EXISTS filler');
      await cluster.rows('ALTER TABLE messages SET TABLESPACE pg_default');
      await cluster.rows('DROP TABLESPACE small');
      execFileSync('umount', [disk]);
      rmdirSync(disk);
    }
  });

  async function fill(): Promise<void> {
    for (const size of [1_000_000, 50_000, 4_000]) {
      for (;;) {
        try {
          await cluster.rows('INSERT INTO filler VALUES (:bytes)', {
            bytes: randomBytes(size / 2).toString('hex'),
          });
        } catch {
          break;
        }
      }
    }
  }
});

/** Mounts a disk of 12 MB that PostgreSQL may write; returns undefined where mounting is not allowed. */
function mountDisk(): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), 'parley-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=777', 'tmpfs', disk], { stdio: 'ignore' });
    execFileSync('chown', ['postgres', disk], { stdio: 'ignore' });
    return disk;
  } catch {
    return undefined;
  }
}
