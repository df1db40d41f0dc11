import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { Client } from '../../shared/accounts/client.ts';
import { beginReset } from '../../shared/accounts/reset.ts';
import { knex } from '../../db/knex.ts';
import { type Answer, servedApi } from '../support/api.ts';
import { type BuiltUser, buildSession, buildUser, PASSWORD } from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { rankDeviate, timeBoth } from '../support/statistics.ts';

describe('password reset', () => {
  const api = servedApi();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const client: Client = { userAgent: null, ip: '127.0.0.1', requestId: 'test' };
  /** Returns the token that the mail would contain. */
  const mailed = async (email = user.email) => (await beginReset(email, client)) ?? 'none';
  const forgot = (email: unknown) => api.call('POST', '/auth/password/forgot', { email });
  const reset = (token: unknown, password: unknown = 'battery staple') =>
    api.call('POST', '/auth/password/reset', { token, password });
  const login = (password: string, email = user.email) =>
    api.call('POST', '/auth/login', { email, password });
  const me = (token: string) => api.call('GET', '/users/me', undefined, { token });
  const fault = ({ status, body }: Answer) => [status, (body.errors as { path: string }[])?.[0]?.path];

  it('sets a new password once, and ends all sessions', async () => {
    const other = await buildSession(user);
    const stranger = await buildUser();
    const token = await mailed();
    expect((await reset(token)).status).to.equal(204);
    for (const { access, refresh } of [user, other]) {
      expect((await me(access)).status).to.equal(401);
      expect((await api.call('POST', '/auth/refresh', { refresh_token: refresh })).status).to.equal(401);
    }
    expect((await me(stranger.access)).status).to.equal(200);
    expect((await login(PASSWORD)).status).to.equal(401);
    expect((await login('battery staple')).status).to.equal(200);
    expect(fault(await reset(token, 'once more please'))).to.deep.equal([410, undefined]);
    expect((await login('battery staple')).status).to.equal(200);
  });

  it('stores a hash of the token, and records request and reset in the audit log', async () => {
    const token = await mailed();
    const rows = await knex('password_resets').where({ user_id: user.id });
    expect(rows[0].token_hash).to.match(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(rows)).not.to.include(token);
    expect(rows[0].expires_at - Date.now()).to.be.within(3_500_000, 3_600_000);
    await reset(token);
    const trail = await knex('audit_entries').where({ subject_id: user.id }).orderBy('id');
    expect(trail.map(({ action, actor_id }) => [action, actor_id])).to.deep.equal([
      ['user.reset_requested', null],
      ['user.password_reset', user.id],
    ]);
  });

  it('keeps a token valid when another is requested, and voids all when one is used', async () => {
    const [old, newest] = [await mailed(), await mailed(user.email.toUpperCase())];
    expect((await reset(old)).status).to.equal(204);
    expect(fault(await reset(newest))).to.deep.equal([410, undefined]);
    expect(fault(await reset(old))).to.deep.equal([410, undefined]);
  });

  it('says that expired tokens are gone, as those of a changed password; refuses those of inactive accounts', async () => {
    const old = await mailed();
    await knex('password_resets')
      .where({ user_id: user.id })
      .update({ expires_at: new Date(Date.now() - 1) });
    expect(fault(await reset(old))).to.deep.equal([410, undefined]);

    const suspended = await mailed();
    await knex('users').where({ id: user.id }).update({ status: 'suspended' });
    expect(fault(await reset(suspended))).to.deep.equal([400, '/token']);
    expect(await mailed()).to.equal('none');
    await knex('users').where({ id: user.id }).update({ status: 'active' });

    const overtaken = await mailed();
    const change = { current_password: PASSWORD, new_password: 'changed by myself' };
    expect((await api.call('POST', '/users/me/password', change, { token: user.access })).status).to.equal(
      204,
    );
    expect(fault(await reset(overtaken))).to.deep.equal([410, undefined]);
  });

  it('refuses malformed tokens, and keeps a token valid when the password is refused', async () => {
    const token = await mailed();
    for (const wrong of ['x', user.refresh, user.access.slice(0, 256), `${token}x`, token.toLowerCase()])
      expect(fault(await reset(wrong)), wrong).to.deep.equal([400, '/token']);
    for (const wrong of ['', 7, null, 'x'.repeat(257)]) expect((await reset(wrong)).status).to.equal(400);
    for (const weak of ['short', 'password1', 'x'.repeat(257), null])
      expect(fault(await reset(token, weak))).to.deep.equal([400, '/password']);
    expect((await login(PASSWORD)).status).to.equal(200);
    expect((await reset(token)).status).to.equal(204);
    for (const body of [{}, { email: '' }, { email: 7 }, { email: 'a@b.co', more: 1 }])
      expect((await api.call('POST', '/auth/password/forgot', body)).status).to.equal(400);
  });

  itNative('lets one of several concurrent requests use a token', async () => {
    const token = await mailed();
    const words = ['first password', 'second password', 'third password'];
    const answers = await Promise.all(words.map((word) => reset(token, word)));
    expect(answers.map(({ status }) => status)).to.have.members([204, 410, 410]);
    const winner = words[answers.findIndex(({ status }) => status === 204)]!;
    expect((await login(winner)).status).to.equal(200);
  });

  it('deletes tokens that ran out a day ago', async () => {
    await knex('password_resets').delete();
    await mailed();
    await knex('password_resets').update({ expires_at: new Date(0) });
    await forgot('nobody@example.com');
    const rows = await knex('password_resets');
    expect(rows.map(({ user_id }) => user_id)).to.deep.equal([null]);
  });

  it('refuses to start with LOG_RESET_TOKENS in production', () => {
    const start = (env: object) =>
      spawnSync(process.execPath, ['shared/base/env.ts'], {
        env: { ...process.env, ...env },
        encoding: 'utf8',
      });
    const refused = start({ LOG_RESET_TOKENS: 'true', NODE_ENV: 'production' });
    expect([refused.status, refused.stderr.trim()]).to.deep.equal([
      1,
      'parley: LOG_RESET_TOKENS must be false when NODE_ENV is production',
    ]);
    expect(start({ LOG_RESET_TOKENS: 'true', NODE_ENV: 'development' }).status).to.equal(0);
  });

  describe('and sign-in do not reveal accounts', () => {
    const known: string[] = [];
    const unknown = (i: number) => `somebody${i}@example.com`;
    before(async () => {
      const { body } = await api.call('POST', '/auth/register', {
        email: 'real@example.com',
        username: 'real',
        password: PASSWORD,
        gdpr_consent: true,
      });
      const hash = { id: (body.user as { id: number }).id };
      const { hashed_password } = await knex('users').where(hash).first('hashed_password');
      for (let i = 0; i < 8; i++) {
        const { id, email } = await buildUser();
        await knex('users').where({ id }).update({ hashed_password });
        known.push(email);
      }
    });

    const same = (answers: Answer[]) => {
      const shown = answers.map(({ status, body, headers }) => ({
        status,
        body,
        headers: [...headers.keys()].filter((name) => !name.startsWith('ratelimit')),
      }));
      for (const answer of shown) expect(answer).to.deep.equal(shown[0]);
    };

    it('by their answers', async () => {
      const suspended = await buildUser({ status: 'suspended' });
      same([
        await login('not my password', known[0]),
        await login('not my password', unknown(0)),
        await login('not my password', suspended.email),
        await login(PASSWORD, suspended.email),
      ]);
      const asked = [await forgot(known[0]), await forgot(unknown(0)), await forgot(suspended.email)];
      same([...asked, await forgot('no address')]);
      expect(asked[0]?.status).to.equal(202);
    });

    it('by the duration of a sign-in', async function () {
      this.timeout(120_000);
      const [theirs, nobodys] = await timeBoth(20, [
        (i) => login('not my password', known[i % known.length]),
        (i) => login('not my password', unknown(i)),
      ]);
      expect(Math.abs(rankDeviate(theirs, nobodys))).to.be.lessThan(4.5);
    });

    it('by the duration of a reset request', async function () {
      this.timeout(120_000);
      const [theirs, nobodys] = await timeBoth(100, [
        (i) => forgot(known[i % known.length]),
        (i) => forgot(unknown(i)),
      ]);
      expect(Math.abs(rankDeviate(theirs, nobodys))).to.be.lessThan(4.5);
    });
  });
});
