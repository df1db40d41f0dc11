import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { URI, type TOTP } from 'otpauth';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { stepOf } from '../../shared/accounts/totp.ts';
import { type Answer, call } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import {
  type BuiltUser,
  buildGuest,
  buildSession,
  buildUser,
  forgeToken,
  PASSWORD,
} from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { servedWeb } from '../support/web.ts';

const STEP_MS = 30_000;

describe('a second factor', function () {
  this.timeout(20_000);
  const api = servedWeb();

  type Pending = { user: BuiltUser; totp: TOTP; secret: string; recovery: string[] };
  type Enrolled = Pending & { confirmedBy: string };
  const mine = (method: string, path: string, body: unknown, { access }: { access: string }) =>
    api.call(method, `/users/me/second-factor${path}`, body, { token: access });
  const begin = (user: BuiltUser, password = PASSWORD) => mine('POST', '', { password }, user);
  const login = (user: BuiltUser, password = PASSWORD, headers = {}) =>
    api.call('POST', '/auth/login', { email: user.email, password }, { headers });
  const second = (token: string, code: string, headers = {}) =>
    api.call('POST', '/auth/second-factor', { token, code }, { headers });
  const tokenOf = ({ body }: Answer) => String(body.second_factor_token);
  const me = async (access: string) => api.call('GET', '/users/me', undefined, { token: access });
  /** The code of so many steps from now. A test that begins at the end of a step sees it one step older. */
  const codeOf = (totp: TOTP, steps = 0) => totp.generate({ timestamp: Date.now() + steps * STEP_MS });
  const actionsOf = async ({ id }: BuiltUser) =>
    (await knex('audit_entries').where({ subject_id: id }).orderBy('id')).map(({ action }) => action);

  async function pending(user: BuiltUser): Promise<Pending> {
    const { status, body } = await begin(user);
    expect(status).to.equal(201);
    const totp = URI.parse(String(body.uri)) as TOTP;
    return { user, totp, secret: String(body.secret), recovery: body.recovery_codes as string[] };
  }

  /** A user whose second factor is on. */
  async function enrolled(fields: Parameters<typeof buildUser>[0] = {}): Promise<Enrolled> {
    return enrol(await buildUser(fields));
  }

  async function enrol(user: BuiltUser): Promise<Enrolled> {
    const one = await pending(user);
    const confirmedBy = codeOf(one.totp);
    expect((await mine('POST', '/confirm', { code: confirmedBy }, user)).status).to.equal(204);
    return { ...one, confirmedBy };
  }

  it('is set up with the password, counts when it is confirmed, and is shown in the account', async () => {
    const user = await buildUser();
    expect((await begin(user, 'wrong')).body.errors).to.deep.equal([
      { path: '/password', message: 'must be your present password' },
    ]);
    const { totp, secret, recovery } = await pending(user);
    expect(totp).to.include({
      issuer: 'Parley',
      label: user.email,
      digits: 6,
      period: 30,
      algorithm: 'SHA1',
    });
    expect(totp.secret.base32)
      .to.equal(secret)
      .and.match(/^[A-Z2-7]{32}$/);
    expect(new Set(recovery)).to.have.length(10);

    const before = await login(user);
    expect(before.status).to.equal(200);
    expect(before.body.user).to.include({ second_factor: false });
    const wrong = await mine('POST', '/confirm', { code: codeOf(totp, 10) }, user);
    expect(wrong.body).to.include({ status: 400, code: 'validation_failed' });

    expect((await mine('POST', '/confirm', { code: codeOf(totp) }, user)).status).to.equal(204);
    expect((await me(user.access)).body).to.include({ second_factor: true });
    expect((await login(user)).status).to.equal(401);
    expect((await begin(user)).body).to.include({ status: 409, code: 'conflict' });
    expect((await mine('POST', '/confirm', { code: codeOf(totp) }, user)).body.code).to.equal('conflict');
  });

  it('keeps no secret and no recovery code readable', async () => {
    const { user, secret, recovery } = await enrolled();
    const row = JSON.stringify(await knex('second_factors').where({ user_id: user.id }).first());
    expect(row).to.contain('v1.');
    for (const text of [secret, ...recovery, ...recovery.map((code) => code.replaceAll('-', ''))])
      expect(row).to.not.contain(text);
  });

  it('replaces one that waits to be confirmed', async () => {
    const user = await buildUser();
    const first = await pending(user);
    const next = await pending(user);
    expect((await mine('POST', '/confirm', { code: codeOf(first.totp) }, user)).status).to.equal(400);
    expect((await mine('POST', '/confirm', { code: codeOf(next.totp) }, user)).status).to.equal(204);
  });

  it('is refused to accounts without a password', async () => {
    expect((await begin(await buildGuest())).body).to.include({ status: 403, code: 'forbidden' });
  });

  it('makes a sign-in take two steps', async () => {
    const { user, totp } = await enrolled();
    const before = (await knex('users').where({ id: user.id }).first('last_login')).last_login;
    const asked = await login(user);
    expect(asked.body).to.include({ status: 401, code: 'second_factor_required' });
    expect(asked.body).to.not.have.any.keys('access_token', 'refresh_token', 'user');
    const claims = jwt.decode(tokenOf(asked)) as Record<string, number>;
    expect(claims.exp! - claims.iat!).to.equal(300);
    expect((await knex('users').where({ id: user.id }).first('last_login')).last_login).to.deep.equal(before);
    const wrong = await login(user, 'wrong');
    expect(wrong.body).to.include({ code: 'unauthenticated' }).and.not.have.property('second_factor_token');

    const answer = await second(tokenOf(asked), codeOf(totp, 1));
    expect(answer.status).to.equal(200);
    expect(answer.body).to.include({ token_type: 'Bearer', expires_in: 900 });
    expect((await me(String(answer.body.access_token))).body).to.deep.equal(answer.body.user);
    const refreshed = await api.call('POST', '/auth/refresh', { refresh_token: answer.body.refresh_token });
    expect(refreshed.status).to.equal(200);
    expect(await actionsOf(user)).to.deep.equal([
      'user.second_factor_begun',
      'user.second_factor_on',
      'user.sign_in_failed',
      'user.signed_in',
    ]);
  });

  it('takes codes one step old or early, and none further away', async () => {
    const one = await enrolled();
    const token = tokenOf(await login(one.user));
    for (const steps of [-4, 4, 100])
      expect((await second(token, codeOf(one.totp, steps))).body.code, String(steps)).to.equal(
        'unauthenticated',
      );
    expect((await second(token, codeOf(one.totp, 1))).status).to.equal(200);
    const at = 1_790_000_010_000;
    const step = at / STEP_MS;
    const code = (steps: number) => one.totp.generate({ timestamp: at + steps * STEP_MS });
    expect([-2, -1, 0, 1, 2].map((steps) => stepOf(one.secret, code(steps), at))).to.deep.equal([
      undefined,
      Math.floor(step) - 1,
      Math.floor(step),
      Math.floor(step) + 1,
      undefined,
    ]);
  });

  it('takes each code once, in any order of the steps', async () => {
    const { user, totp, confirmedBy } = await enrolled();
    const token = tokenOf(await login(user));
    const next = codeOf(totp, 1);
    expect((await second(token, next)).status).to.equal(200);
    for (const used of [next, confirmedBy])
      expect((await second(token, used)).body).to.include({ status: 401, code: 'unauthenticated' });
    expect((await second(tokenOf(await login(user)), next)).status).to.equal(401);
    const { used_steps } = await knex('second_factors').where({ user_id: user.id }).first('used_steps');
    expect(used_steps).to.have.length(2);
    expect(await actionsOf(user)).to.include('user.second_factor_failed');
  });

  itNative('takes a code once where it comes five times at the same time', async () => {
    const { user, totp, recovery } = await enrolled();
    const token = tokenOf(await login(user));
    for (const code of [codeOf(totp, 1), recovery[0]!]) {
      const answers = await Promise.all(Array.from({ length: 5 }, () => second(token, code)));
      expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 401, 401, 401, 401]);
    }
  });

  it('takes each recovery code once, however it is typed', async () => {
    const { user, recovery } = await enrolled();
    const token = tokenOf(await login(user));
    const [first = '', next = ''] = recovery;
    expect((await second(token, first)).status).to.equal(200);
    expect((await second(token, first)).status).to.equal(401);
    expect((await second(token, ` ${next.toLowerCase().replaceAll('-', ' ')} `)).status).to.equal(200);
    const { recovery_hashes } = await knex('second_factors').where({ user_id: user.id }).first();
    expect(recovery_hashes).to.have.length(8);
    expect(await actionsOf(user)).to.include('user.recovery_code_used');
  });

  it('takes recovery codes where its secret cannot be read any more', async () => {
    const { user, totp, recovery } = await enrolled();
    const token = tokenOf(await login(user));
    await knex('second_factors').where({ user_id: user.id }).update({ sealed: 'v1.gone.AAAA.AAAA' });
    expect((await second(token, codeOf(totp, 1))).status).to.equal(401);
    expect((await second(token, recovery[0] ?? '')).status).to.equal(200);
  });

  it('limits wrong codes, also right ones after them, and no sign-in of another account', async () => {
    const [one, other] = [await enrolled(), await enrolled()];
    const token = tokenOf(await login(one.user));
    for (let tries = 0; tries < 10; tries += 1)
      expect((await second(token, codeOf(one.totp, 50 + tries))).status).to.equal(401);
    const refused = await second(token, codeOf(one.totp, 1));
    expect(refused.body).to.include({ status: 429, code: 'rate_limited' });
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 900);
    expect((await second(tokenOf(await login(one.user)), codeOf(one.totp, 1))).status).to.equal(429);
    expect((await second(tokenOf(await login(other.user)), codeOf(other.totp, 1))).status).to.equal(200);
  });

  it('does not count a right password as a wrong one', async () => {
    const { user } = await enrolled();
    for (let tries = 0; tries < 12; tries += 1)
      expect((await login(user)).body.code).to.equal('second_factor_required');
  });

  it('refuses tokens of every other kind, changed ones and old ones', async () => {
    const { user, totp, recovery } = await enrolled();
    const token = tokenOf(await login(user));
    const ours = { type: 'second_factor', sid: 0, aud: 'parley-second-factor', ...claimsOf(token, 'stamp') };
    const bad = {
      access: user.access,
      refresh: user.refresh,
      'of the board': forgeToken(user, { type: 'board', aud: 'parley-board' }),
      'without a stamp': forgeToken(user, { ...ours, stamp: undefined }),
      'of another audience': forgeToken(user, { ...ours, aud: 'parley-api' }),
      'of another key': forgeToken(user, ours, 'a key of somebody else that is long enough'),
      expired: forgeToken(user, ours, undefined, { expiresIn: -1 }),
      unsigned: `${token.split('.').slice(0, 2).join('.')}.`,
    };
    for (const [name, one] of Object.entries(bad))
      expect((await second(one, recovery[0]!)).body, name).to.include({
        status: 401,
        code: 'unauthenticated',
      });
    expect((await second(forgeToken(user, ours), codeOf(totp, 1))).status).to.equal(200);

    for (const path of ['/users/me', '/conversations', '/users/me/second-factor'])
      expect((await api.call('GET', path, undefined, { token })).status, path).to.be.oneOf([401, 405]);
    expect((await mine('DELETE', '', { password: PASSWORD }, { access: token })).status).to.equal(401);
    expect((await api.call('POST', '/auth/refresh', { refresh_token: 'x'.repeat(43) })).status).to.equal(401);
    const refused = await connectDevice(api.url, token).catch((err: Error) => err);
    expect((refused as Error).message).to.equal('unauthenticated');
  });

  const claimsOf = (token: string, ...names: string[]) => {
    const claims = jwt.decode(token) as Record<string, unknown>;
    return Object.fromEntries(names.map((name) => [name, claims[name]]));
  };

  it('lets a begun sign-in end with the password, the account and the second factor', async () => {
    const changed = await enrolled();
    const suspended = await enrolled();
    const removed = await enrolled();
    const tokens = await Promise.all(
      [changed, suspended, removed].map(async ({ user }) => tokenOf(await login(user))),
    );
    const next = { current_password: PASSWORD, new_password: 'battery staple horse' };
    expect(
      (await api.call('POST', '/users/me/password', next, { token: changed.user.access })).status,
    ).to.equal(204);
    await knex('users').where({ id: suspended.user.id }).update({ status: 'suspended' });
    expect((await mine('DELETE', '', { password: PASSWORD }, removed.user)).status).to.equal(204);
    for (const [i, { totp }] of [changed, suspended, removed].entries())
      expect((await second(tokens[i]!, codeOf(totp, 1))).body.code).to.equal('unauthenticated');
  });

  it('is removed with the password, and then a sign-in takes one step again', async () => {
    const { user, recovery } = await enrolled();
    expect((await mine('DELETE', '', { password: 'wrong' }, user)).status).to.equal(400);
    expect((await login(user)).status).to.equal(401);
    expect((await mine('DELETE', '', { password: PASSWORD }, user)).status).to.equal(204);
    const answer = await login(user);
    expect(answer.status).to.equal(200);
    expect(answer.body.user).to.include({ second_factor: false });
    expect(await knex('second_factors').where({ user_id: user.id })).to.deep.equal([]);
    expect(await actionsOf(user)).to.include('user.second_factor_off');
    const again = await enrol(user);
    expect((await second(tokenOf(await login(user)), recovery[0]!)).status).to.equal(401);
    expect((await second(tokenOf(await login(user)), again.recovery[0]!)).status).to.equal(200);
  });

  it('is removed at the console for somebody who lost it', async () => {
    const { user } = await enrolled();
    const run = (...args: string[]) => spawnSync(process.execPath, ['scripts/user.ts', ...args]).status;
    expect(run(user.email, '--no-second-factor')).to.equal(0);
    expect(run('nobody@example.com', '--no-second-factor')).to.equal(1);
    expect((await login(user)).status).to.equal(200);
    const entry = await knex('audit_entries')
      .where({ subject_id: user.id, action: 'user.second_factor_off' })
      .first();
    expect(entry).to.deep.include({ actor_id: null, details: { by: 'console' } });
  });

  it('puts the refresh token into a cookie for those who ask', async () => {
    const { user, totp } = await enrolled();
    const asked = await login(user, PASSWORD, { 'x-session': 'cookie' });
    expect(asked.headers.get('set-cookie')).to.equal(null);
    const answer = await second(tokenOf(asked), codeOf(totp, 1), { 'x-session': 'cookie' });
    expect(answer.status).to.equal(200);
    expect(answer.body).to.have.property('access_token');
    expect(answer.body).to.not.have.property('refresh_token');
    expect(answer.headers.get('set-cookie')).to.match(/^__\w+-parley_refresh=[\w-]{43};/);
  });

  it('goes with the account', async () => {
    const { user } = await enrolled();
    await knex('users').where({ id: user.id }).delete();
    expect(await knex('second_factors').where({ user_id: user.id })).to.deep.equal([]);
  });

  it('is wanted by the sign-in of the board too', async () => {
    const { user, totp } = await enrolled({ role: 'admin' });
    const signIn = (form: Record<string, string>) =>
      fetch(`${api.url}/admin/queues/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ email: user.email, password: PASSWORD, ...form }),
      });
    for (const form of [{}, { code: '' }] as Record<string, string>[]) {
      const asked = await signIn(form);
      expect(asked.status).to.equal(401);
      expect(await asked.text()).to.contain('A code of your second factor is wanted too.');
      expect(asked.headers.get('set-cookie')).to.equal(null);
    }
    expect((await signIn({ code: codeOf(totp, 20) })).status).to.equal(401);
    const signedIn = await signIn({ code: codeOf(totp, 1) });
    expect(signedIn.status).to.equal(303);
    expect(signedIn.headers.get('set-cookie')).to.contain('parley_board=');
  });

  describe('with REQUIRE_2FA=agents', () => {
    const { REQUIRE_2FA } = env;
    before(() => Object.assign(env, { REQUIRE_2FA: 'agents' }));
    after(() => Object.assign(env, { REQUIRE_2FA }));

    it('is all that agents and administrators without one can do', async () => {
      for (const role of ['agent', 'admin'] as const) {
        const user = await buildUser({ role });
        const signedIn = await login(user);
        expect(signedIn.status).to.equal(200);
        const access = String(signedIn.body.access_token);
        expect((await me(access)).status).to.equal(200);
        for (const path of ['/conversations', '/inbox', '/users/me/sessions', '/users/me/second-factors']) {
          const { status, body } = await api.call('GET', path, undefined, { token: access });
          if (path.endsWith('factors')) expect(status).to.equal(404);
          else expect(body, path).to.include({ status: 403, code: 'forbidden' });
          if (status === 403) expect(body.detail).to.contain('/users/me/second-factor');
        }
        const refused = await connectDevice(api.url, access).catch((err: Error) => err);
        expect((refused as Error).message).to.equal('forbidden');
        const board = await call(`${api.url}/admin/queues/api/queues`, 'GET', undefined, { token: access });
        expect(board.status).to.equal(403);

        const { totp } = await pending({ ...user, access });
        expect((await mine('POST', '/confirm', { code: codeOf(totp) }, { access })).status).to.equal(204);
        expect((await api.call('GET', '/conversations', undefined, { token: access })).status).to.equal(200);
      }
    });

    it('keeps administrators without one from the board', async () => {
      const admin = await buildUser({ role: 'admin' });
      const answer = await fetch(`${api.url}/admin/queues/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ email: admin.email, password: PASSWORD }),
      });
      expect(answer.status).to.equal(403);
      expect(answer.headers.get('set-cookie')).to.equal(null);
    });

    it('asks nothing of users', async () => {
      const { access } = await buildSession(await buildUser());
      expect((await api.call('GET', '/conversations', undefined, { token: access })).status).to.equal(200);
    });
  });
});
