import { expect } from 'chai';
import { redis } from '../../shared/delivery/redis.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';

const STREAMS = 50;
const PUSHES = 100;

describe('many event streams of one user', function () {
  // Closing may wait for a balancer to notice, and then for what hangs: 23 s at most.
  this.timeout(40_000);
  const api = servedWeb();
  let user: BuiltUser;
  before(async () => {
    user = await buildUser();
  });

  /** Returns how often run logs were read. */
  async function reads(): Promise<number> {
    const stats = await redis.info('commandstats');
    const calls = [...stats.matchAll(/^cmdstat_(?:xrange|evalsha|eval):calls=(\d+)/gm)];
    return calls.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  it('wake only for pushes of their own run', async () => {
    const [watched, other] = [await send(api, user), await send(api, user)];
    const ends = new AbortController();
    const open = await Promise.all(
      Array.from({ length: STREAMS }, () =>
        fetch(`${api.url}/api/v1/runs/${watched.run_id}/events`, {
          headers: { authorization: `Bearer ${user.access}` },
          signal: ends.signal,
        }),
      ),
    );
    expect(new Set(open.map(({ status }) => status))).to.deep.equal(new Set([200]));
    const worker = await playWorker(user, other);
    const [before, began] = [await reads(), Date.now()];
    for (let i = 0; i < PUSHES; i += 1) await worker.say('x');
    // Each stream also reads once a second.
    const looks = STREAMS * (1 + Math.ceil((Date.now() - began) / 1_000));
    expect((await reads()) - before).to.be.lessThan(PUSHES + 2 * looks);
    ends.abort();
  });

  it('each get new events at once', async () => {
    const sent = await send(api, user);
    const worker = await playWorker(user, sent);
    const answer = await fetch(`${api.url}/api/v1/runs/${sent.run_id}/events`, {
      headers: { authorization: `Bearer ${user.access}` },
    });
    for (const word of ['a', 'b']) await worker.say(word);
    await worker.finish();
    await worker.announce();
    const text = await answer.text();
    expect(text.match(/^event: .*$/gm)).to.deep.equal([
      'event: run.status',
      'event: response.delta',
      'event: response.delta',
      'event: response',
    ]);
  });
});
