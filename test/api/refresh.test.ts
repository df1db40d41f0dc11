import { expect } from 'chai';
import fc from 'fast-check';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { type Answer, servedApi } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

type Pair = { access_token: string; refresh_token: string };

describe('a spent refresh token', () => {
  const api = servedApi();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const refresh = (refresh_token: string, agent = 'tab') =>
    api.call('POST', '/auth/refresh', { refresh_token }, { headers: { 'user-agent': agent } });
  const pairOf = ({ status, body }: Answer): Pair => {
    expect(status, JSON.stringify(body)).to.equal(200);
    const { access_token, refresh_token } = body as Pair;
    return { access_token, refresh_token };
  };
  const lives = async (access: string) =>
    (await api.call('GET', '/users/me', undefined, { token: access })).status === 200;
  /** Makes spent tokens so many seconds older. */
  const pass = (seconds: number) =>
    knex('refresh_tokens')
      .where({ user_id: user.id })
      .whereNotNull('spent_at')
      .update({ spent_at: knex.raw("spent_at - ? * interval '1 second'", [seconds]) });

  it('is answered with the same pair when its client asks again, after a lost answer', async () => {
    const first = pairOf(await refresh(user.refresh));
    await pass(env.REFRESH_GRACE_S - 5);
    expect(pairOf(await refresh(user.refresh))).to.deep.equal(first);
    expect(await lives(first.access_token)).to.equal(true);
    // Its successor was spent too; the pair stays the same.
    const second = pairOf(await refresh(first.refresh_token));
    expect(pairOf(await refresh(user.refresh))).to.deep.equal(first);
    expect(pairOf(await refresh(first.refresh_token))).to.deep.equal(second);
  });

  for (const many of [2, 20])
    itNative(`gives ${many} concurrent tabs one pair, and their session goes on`, async () => {
      const answers = await Promise.all(Array.from({ length: many }, () => refresh(user.refresh)));
      const pairs = answers.map(pairOf);
      for (const pair of pairs) expect(pair).to.deep.equal(pairs[0]);
      expect(await knex('refresh_tokens').where({ user_id: user.id })).to.have.length(2);
      const next = pairOf(await refresh(pairs[0]!.refresh_token));
      expect(await lives(next.access_token)).to.equal(true);
    });

  it('ends the sign-in when it comes after the grace', async () => {
    const first = pairOf(await refresh(user.refresh));
    await pass(env.REFRESH_GRACE_S + 1);
    expect((await refresh(user.refresh)).status).to.equal(401);
    expect((await refresh(first.refresh_token)).status).to.equal(401);
    expect(await lives(first.access_token)).to.equal(false);
  });

  it('ends the sign-in when another client sends it, within the grace too', async () => {
    const first = pairOf(await refresh(user.refresh));
    expect((await refresh(user.refresh, 'thief')).status).to.equal(401);
    expect(await lives(first.access_token)).to.equal(false);
  });

  it('is answered under a secret that was rotated meanwhile', async () => {
    const first = pairOf(await refresh(user.refresh));
    env.JWT_SECRET.unshift('newest '.repeat(6));
    try {
      expect(pairOf(await refresh(user.refresh)).refresh_token).to.equal(first.refresh_token);
    } finally {
      env.JWT_SECRET.shift();
    }
  });

  it('leaves nothing in the database from which its successor could be derived', async () => {
    const { refresh_token } = pairOf(await refresh(user.refresh));
    const stored = JSON.stringify(await knex('refresh_tokens').where({ user_id: user.id }));
    for (const secret of [user.refresh, refresh_token]) expect(stored).to.not.contain(secret);
    expect(refresh_token).to.match(/^[\w-]{43}$/);
  });

  it('is refused when its session has ended', async () => {
    const { access_token } = pairOf(await refresh(user.refresh));
    expect((await api.call('POST', '/auth/logout', {}, { token: access_token })).status).to.equal(204);
    expect((await refresh(user.refresh)).status).to.equal(401);
  });

  // The rules above determine the answers for any order of two clients' requests.
  it('follows the rules in any order of refreshes, retries and pauses', async () => {
    const act = fc.oneof(
      { weight: 4, arbitrary: fc.record({ token: fc.nat({ max: 5 }), agent: fc.constant('tab') }) },
      { weight: 1, arbitrary: fc.record({ token: fc.nat({ max: 5 }), agent: fc.constant('other') }) },
      { weight: 1, arbitrary: fc.constant('pause' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 8 }), async (acts) => {
        user = await buildUser();
        const chain = [user.refresh];
        const spentBy: (string | null)[] = [];
        let ended = false;
        for (const one of acts) {
          if (one === 'pause') {
            await pass(env.REFRESH_GRACE_S + 1);
            spentBy.fill(null);
            continue;
          }
          const at = Math.min(one.token, chain.length - 1);
          const answer = await refresh(chain[at]!, one.agent);
          const isNewest = at === chain.length - 1;
          ended ||= !isNewest && spentBy[at] !== one.agent;
          if (ended) expect(answer.status).to.equal(401);
          else if (isNewest) {
            spentBy[at] = one.agent;
            chain.push(pairOf(answer).refresh_token);
          } else expect(pairOf(answer).refresh_token).to.equal(chain[at + 1]);
        }
      }),
      { numRuns: 30 },
    );
  }).timeout(60_000);
});
