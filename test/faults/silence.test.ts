import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Client, connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import { type OwnRedis, startOwnRedis } from '../../lab/kit/redis.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { type Stack, startApart, WORKERS } from '../support/stack.ts';

/** How soon the run of a 202 must continue, in ms: sooner than TCP gives a connection up. */
const GOES_ON_WITHIN = 45_000;

describe('the host of Redis vanishing without a reset', () => {
  let redis: OwnRedis;
  let proxy: Proxy;
  let stack: Stack;
  let client: Client;

  before(async function () {
    this.timeout(150_000);
    redis = await startOwnRedis();
    proxy = await startProxy(redis.port);
    stack = await startApart({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` }, ['web', ...WORKERS]);
    client = await connectClient(await buildUser(), stack.web[0] ?? '', stack.web[0] ?? '');
  });
  after(async function () {
    this.timeout(150_000);
    client.close();
    await stack.stop();
    await proxy.close();
    await redis.stop();
  });

  it('idle connections are closed, and a message posted meanwhile is answered', async function () {
    this.timeout(150_000);
    await client.end((await client.send('before [[tokens:3]]')).run_id);
    expect(proxy.silence()).to.be.greaterThan(2 * WORKERS.length);
    expectSoon(await client.end((await send('into the silence [[tokens:3]]')).run_id));
    await untilGivenUp();
    await expectInvariants([client], 1 + WORKERS.length, { redisUrl: redis.url });
  });

  it('an answer in the middle of its stream goes on, and all of it is shown', async function () {
    this.timeout(150_000);
    stack.provider.reset();
    stack.provider.pause(4);
    const { run_id } = await send('streaming [[tokens:20]]');
    await stack.provider.until((calls) => calls.some(({ held }) => held), 40_000);
    proxy.silence();
    stack.provider.resume();
    expectSoon(await client.end(run_id));
    await untilGivenUp();
    await expectInvariants([client], 1 + WORKERS.length, { redisUrl: redis.url });
  });

  let sent = 0;
  const send: Client['send'] = (...message) => {
    sent = performance.now();
    return client.send(...message);
  };
  const expectSoon = ({ event }: { event: string }) => {
    expect(event).to.equal('response');
    expect(performance.now() - sent).to.be.lessThan(GOES_ON_WITHIN);
  };

  async function untilGivenUp(): Promise<void> {
    while (proxy.silent() > 0 && performance.now() - sent < GOES_ON_WITHIN) await sleep(100);
    expect(proxy.silent()).to.equal(0);
  }
});
