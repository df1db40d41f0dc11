import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { spawnProcfile } from '../../scripts/services/procfile.ts';
import { misfitsIn } from '../../shared/delivery/redisFit.ts';
import { call } from '../support/api.ts';
import { scrape, valueOf } from '../support/exposition.ts';
import { type OwnRedis, startOwnRedis } from '../../lab/kit/redis.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { until } from '../support/until.ts';

const PRODUCTION = { NODE_ENV: 'production', JWT_SECRET: 'a secret of a test that nobody could guess' };

describe('a Redis that Parley cannot use', () => {
  describe('a Cluster', () => {
    let cluster: OwnRedis;
    let folder: string;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'parley-cluster-'));
      cluster = await startOwnRedis({ settings: ['--dir', folder, '--cluster-enabled', 'yes'] });
    });
    after(async () => {
      await cluster.stop();
      rmSync(folder, { recursive: true });
    });

    for (const type of ['web', 'completion']) {
      it(`${type} exits with one line that names the Redis Cluster`, async function () {
        this.timeout(60_000);
        const said: string[] = [];
        const env = { REDIS_URL: cluster.url, PORT: '0' };
        const started = spawnProcfile(type, env, ({ msg }) => said.push(String(msg)));
        expect(await started.exited).to.equal(1);
        expect(said).to.deep.equal([
          'parley: the Redis of REDIS_URL is a node of a Redis Cluster, which is not supported: it must be a single primary',
        ]);
      });
    }
  });

  describe('while web runs', () => {
    let provider: Provider;
    let redis: OwnRedis;
    let web: Process;
    before(async function () {
      this.timeout(60_000);
      provider = await startProvider();
      redis = await startOwnRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] });
      web = await startProcfile('web', { REDIS_URL: redis.url });
    });
    after(async () => {
      await web.stop();
      await redis.stop();
      await provider.stop();
    });

    /** Waits until /health says `said` of Redis, then checks its status and that /readyz answers 200. */
    async function expectHealth(code: number, status: string, said: string): Promise<void> {
      let health = await call(`${web.url}/health`);
      for (const until = Date.now() + 10_000; Date.now() < until; health = await call(`${web.url}/health`))
        if ((health.body.checks as { redis: string }).redis === said) break;
      expect([health.status, health.body.status, health.body.checks]).to.deep.equal([
        code,
        status,
        { database: 'healthy', redis: said, openai: 'healthy' },
      ]);
      expect((await call(`${web.url}/readyz`)).status).to.equal(200);
    }
    const metric = async (what: string) => valueOf(await scrape(web.url), 'redis_misfits', { what });

    it('a Redis that evicts degrades /health, appears in a metric, and is logged once', async () => {
      const said = 'maxmemory-policy is allkeys-lru, it must be noeviction';
      await expectHealth(200, 'degraded', `unhealthy: ${said}`);
      expect([await metric('policy'), await metric('replica')]).to.deep.equal([1, 0]);
      expect(web.logs.filter(({ reasons }) => reasons === said)).to.have.length(1);
    });

    it('/health is healthy again after the policy was corrected', async () => {
      await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
      await expectHealth(200, 'healthy', 'healthy');
      expect(await metric('policy')).to.equal(0);
    });

    it('a Redis that became a replica makes /health answer 503, and /readyz stays 200', async () => {
      await redis.client.replicaof('127.0.0.1', 1);
      const said = 'is a replica, which takes no writes: it must be the primary';
      await expectHealth(503, 'unhealthy', `unhealthy: ${said}`);
      await redis.client.replicaof('NO', 'ONE');
      await expectHealth(200, 'healthy', 'healthy');
    });

    it('a Redis without an append-only file draws a word, and stays healthy', async function () {
      this.timeout(60_000);
      await expectHealth(200, 'healthy', 'healthy');
      const said = misfitsIn('aof_enabled:0')[0]?.reason;
      expect((await call(`${web.url}/health`)).body.warnings).to.deep.equal([`redis: ${said}`]);
      expect(await metric('append_only')).to.equal(1);
      const levels = async (env: Record<string, string>) => {
        const started = await startProcfile('web', { REDIS_URL: redis.url, LOG_LEVEL: 'info', ...env });
        const words = started.logs.filter(({ advice }) => advice === said).map(({ level }) => level);
        await started.stop();
        return words;
      };
      expect([await levels({}), await levels(PRODUCTION)]).to.deep.equal([['info'], ['warn']]);
      await redis.client.config('SET', 'appendonly', 'yes');
      await until(
        'the warning is gone',
        async () => ((await call(`${web.url}/health`)).body.warnings as string[]).length === 0,
      );
      expect(await metric('append_only')).to.equal(0);
    });
  });

  it('misfits are read from INFO, and a missing line counts as fit', () => {
    const kinds = (...lines: string[]) => misfitsIn(lines.join('\r\n')).map(({ what }) => what);
    expect(kinds('# Server', 'redis_version:7.0.15', 'redis_mode:standalone', 'role:master')).to.deep.equal(
      [],
    );
    expect(kinds()).to.deep.equal([]);
    expect(kinds('redis_version:6.2.14')).to.deep.equal(['version']);
    expect(kinds('redis_version:10.0.0', 'cluster_enabled:1')).to.deep.equal(['cluster']);
    expect(kinds('rdb_last_bgsave_status:err')).to.deep.equal(['persistence']);
    expect(kinds('aof_enabled:1')).to.deep.equal([]);
  });
});
