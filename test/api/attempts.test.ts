import { expect } from 'chai';
import { take } from '../../shared/limits/counters.ts';
import { networkKey } from '../../shared/limits/charge.ts';
import { PUSH_SUBSCRIBE, REFRESH, REGISTRATION, SIGN_IN } from '../../shared/limits/policies.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { type Answer, type Api, call, serveApi } from '../support/api.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { type Process, startProcfile } from '../../lab/kit/processes.ts';

const ALLOWED = SIGN_IN.pair!.limit;

describe('limits on attempts', () => {
  let api: Api;
  before(async () => {
    await untilReady(redis);
    api = await serveApi();
  });
  after(() => api.close());

  const signIn = (email: string, password: string, headers: Record<string, string> = {}) =>
    api.call('POST', '/auth/login', { email, password }, { headers });
  const times = <T>(n: number, one: (i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: n }, (_, i) => one(i)));
  const count = (answers: Answer[], status: number) => answers.filter((one) => one.status === status).length;
  function expectRefused({ status, body, headers }: Answer): void {
    expect([status, body.code]).to.deep.equal([429, 'rate_limited']);
    expect(Number(headers.get('retry-after'))).to.be.within(1, 900);
  }

  it('allow a fixed number of wrong passwords, however many come at once', async () => {
    const { email } = await buildUser();
    const answers = await times(ALLOWED + 15, (i) => signIn(email, `wrong ${i}`));
    expect([count(answers, 401), count(answers, 429)]).to.deep.equal([ALLOWED, 15]);
    const refused = await signIn(email, PASSWORD);
    expectRefused(refused);
    expect(refused.headers.get('ratelimit')).to.match(/^"sign-in";r=0;t=\d+$/);
    expect(refused.headers.get('ratelimit-policy')).to.equal(`"sign-in";q=${ALLOWED};w=900`);
    // The limit holds for any spelling of the address.
    expectRefused(await signIn(` ${email.toUpperCase()} `, PASSWORD));
    expect((await signIn((await buildUser()).email, PASSWORD)).status).to.equal(200);
  });

  it('bound how often a user offers a device for pushes', async () => {
    const [user, other] = [await buildUser(), await buildUser()];
    const offer = ({ access }: { access: string }) => {
      const keys = { p256dh: 'BCVx', auth: 'BTBZ' };
      return api.call(
        'POST',
        '/push/subscriptions',
        { endpoint: 'https://push.example/1', keys },
        { token: access },
      );
    };
    const answers = await times(PUSH_SUBSCRIBE.pair!.limit + 5, () => offer(user));
    expect(count(answers, 429)).to.equal(5);
    expectRefused(await offer(user));
    expect((await offer(other)).body.code).to.equal('not_configured');
  });

  it('count every password check by its address, also successful ones', async () => {
    const counter = { ...SIGN_IN.every!, key: `limit:${SIGN_IN.every!.name}:${networkKey('127.0.0.1')}` };
    await redis.del(counter.key);
    const { email } = await buildUser();
    expect((await signIn(email, PASSWORD)).status).to.equal(200);
    const { counts } = await take([{ ...counter, limit: 1_000 }]);
    expect(counts[0]?.count).to.equal(2);
    for (let i = 2; i < counter.limit; i += 1) await take([counter]);
    expectRefused(await signIn(email, PASSWORD));
    await redis.del(counter.key);
    expect((await signIn(email, PASSWORD)).status).to.equal(200);
  });

  it('are not used up by pages of foreign sites, and apply to listed sites', async () => {
    const { email } = await buildUser();
    for (let i = 0; i < ALLOWED + 1; i += 1) {
      const answer = await signIn(email, 'wrong', { origin: 'https://evil.example' });
      expect([answer.status, answer.body.code]).to.deep.equal([403, 'forbidden']);
    }
    expect((await signIn(email, PASSWORD)).status).to.equal(200);
    expect((await signIn(email, 'wrong', { origin: 'http://localhost:3000' })).status).to.equal(401);
  });

  it('do not count a password change with a weak new password', async () => {
    const { access } = await buildUser();
    const change = (new_password: string) =>
      api.call('POST', '/users/me/password', { current_password: PASSWORD, new_password }, { token: access });
    for (let i = 0; i < 12; i += 1) expect((await change('password1')).status).to.equal(400);
    expect((await change('a new and better one')).status).to.equal(204);
  });

  it('limit failed refreshes by address', async () => {
    const key = `limit:${REFRESH.address.name}:${networkKey('127.0.0.1')}`;
    await redis.del(key);
    for (const refresh_token of ['x', 'a'.repeat(43)])
      expect((await api.call('POST', '/auth/refresh', { refresh_token })).status).to.equal(401);
    for (let i = 2; i < REFRESH.address.limit; i += 1) await take([{ ...REFRESH.address, key }]);
    expectRefused(await api.call('POST', '/auth/refresh', { refresh_token: 'x' }));
    await redis.del(key);
  });

  it('do not reveal whether an account exists', async () => {
    const { email } = await buildUser();
    const told = async (name: string) => {
      const answers: Answer[] = [];
      for (let i = 0; i < ALLOWED + 2; i += 1) answers.push(await signIn(name, 'wrong'));
      return answers.map(({ status, body, headers }) => [
        status,
        body.code,
        body.detail,
        headers.get('ratelimit')?.split(';t=')[0],
      ]);
    };
    expect(await told('nobody@example.com')).to.deep.equal(await told(email));
  });

  it('forget wrong passwords at a successful sign-in, and do not count that sign-in', async () => {
    const { email } = await buildUser();
    const wrong = await times(ALLOWED - 1, () => signIn(email, 'wrong'));
    expect(count(wrong, 401)).to.equal(ALLOWED - 1);
    expect((await signIn(email, PASSWORD)).status).to.equal(200);
    const right = await times(ALLOWED + 1, () => signIn(email, PASSWORD));
    expect(count(right, 200)).to.equal(ALLOWED + 1);
    const { headers } = await signIn(email, 'wrong');
    expect(headers.get('ratelimit')).to.match(new RegExp(`^"sign-in";r=${ALLOWED - 1};`));
  });

  it('apply to the sign-in of the board too', async () => {
    const { email } = await buildUser({ role: 'admin' });
    await times(ALLOWED, () => signIn(email, 'wrong'));
    const answer = await fetch(`${api.url}/admin/queues/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ email, password: PASSWORD }),
      redirect: 'manual',
    });
    expect(answer.status).to.equal(429);
    expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 900);
    expect(answer.headers.get('set-cookie')).to.equal(null);
    expect(await answer.text()).to.contain('Too many attempts');
  });

  it('limit the attempts of one address on many accounts', async () => {
    await used('address-sign-in', SIGN_IN.address.limit);
    expectRefused(await signIn((await buildUser()).email, PASSWORD));
    await redis.del(`limit:address-sign-in:${networkKey('127.0.0.1')}`);
  });

  it('limit the registrations of one address', async () => {
    await used('address-registration', REGISTRATION.address.limit);
    const body = {
      email: 'one@example.com',
      username: 'one-too-many',
      password: PASSWORD,
      gdpr_consent: true,
    };
    expectRefused(await api.call('POST', '/auth/register', body));
    await redis.del(`limit:address-registration:${networkKey('127.0.0.1')}`);
  });

  it('cannot be evaded with an invented X-Forwarded-For', async () => {
    const { email } = await buildUser();
    const answers = await times(ALLOWED + 3, (i) =>
      signIn(email, 'wrong', { 'x-forwarded-for': `192.0.2.${i}` }),
    );
    expect(count(answers, 429)).to.equal(3);
  });

  it('do not lock out a user who is attacked from another address', async () => {
    const web: Process = await startProcfile('web', { TRUST_PROXY: '1' });
    const { email } = await buildUser();
    const from = (address: string, password: string) =>
      call(
        `${web.url}/api/v1/auth/login`,
        'POST',
        { email, password },
        { headers: { 'x-forwarded-for': address } },
      );
    const attack = await times(ALLOWED * 2, (i) => from('203.0.113.6', `guess ${i}`));
    expect(count(attack, 401)).to.equal(ALLOWED);
    expect((await from('203.0.113.7', PASSWORD)).status).to.equal(200);
    expectRefused(await from('203.0.113.6', PASSWORD));
    await web.stop();
  });

  it('keep no names in Redis', async () => {
    const { email, username } = await buildUser();
    await signIn(email, 'wrong');
    await signIn(username, 'wrong');
    const keys = await redis.keys('limit:*');
    expect(keys.filter((key) => key.startsWith('limit:sign-in:')).length).to.be.at.least(2);
    expect(keys.join()).not.to.contain(username);
  });

  /** Sets a counter as if this address had come so often already. */
  async function used(name: string, often: number): Promise<void> {
    const counter = { name, limit: often, seconds: 60, key: `limit:${name}:${networkKey('127.0.0.1')}` };
    await redis.del(counter.key);
    await times(often, () => take([counter]));
  }
});
