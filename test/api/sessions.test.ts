import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { servedApi } from '../support/api.ts';
import { type BuiltUser, buildSession, buildUser, PASSWORD } from '../support/factories.ts';

type Row = { id: number; current: boolean; user_agent: string; ip: string; expires_at: string };

describe('sessions', () => {
  const api = servedApi();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const list = (query = '', token = user.access) =>
    api.call('GET', `/users/me/sessions${query}`, undefined, { token });
  const rowsOf = async (...args: Parameters<typeof list>) => (await list(...args)).body.data as Row[];
  const end = (id: number | string, token = user.access) =>
    api.call('DELETE', `/users/me/sessions/${id}`, undefined, { token });
  const refresh = (refresh_token: string) => api.call('POST', '/auth/refresh', { refresh_token });
  const audited = (action: string) => knex('audit_entries').where({ action, subject_id: user.id });

  it('are listed newest first, with their device and address', async () => {
    const headers = { 'user-agent': 'Firefox on a train' };
    const signedIn = await api.call(
      'POST',
      '/auth/login',
      { email: user.email, password: PASSWORD },
      { headers },
    );
    // As a release before 0.2.0 kept it.
    const user_agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
    await knex('sessions').where({ id: user.sid }).update({ user_agent });
    const [newest, first, ...none] = await rowsOf('', String(signedIn.body.access_token));
    expect(newest).to.include({ current: true, user_agent: 'Firefox on a train', ip: '127.0.0.1' });
    expect(first).to.include({ id: user.sid, current: false, user_agent: 'Firefox on Linux' });
    expect(none).to.deep.equal([]);
  });

  it('may be refreshed a hundred times in 15 minutes, and a refusal spends no token', async () => {
    let token = user.refresh;
    for (let i = 0; i < 100; i += 1) token = String((await refresh(token)).body.refresh_token);
    const refused = await refresh(token);
    expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 900);
    expect(await knex('refresh_tokens').where({ session_id: user.sid })).to.have.length(101);
    await redis.del(`limit:refresh:user:${user.id}:session:${user.sid}`);
    expect((await refresh(token)).status).to.equal(200);
  });

  it('are listed while they live, to their owner only', async () => {
    const [ended, expired] = [await buildSession(user), await buildSession(user)];
    await buildUser();
    await end(ended.sid);
    await knex('sessions')
      .where({ id: expired.sid })
      .update({ expires_at: new Date(0) });
    expect((await rowsOf()).map(({ id }) => id)).to.deep.equal([user.sid]);
  });

  it('are listed in pages', async () => {
    const more = [await buildSession(user), await buildSession(user)];
    const first = await list('?limit=2');
    expect((first.body.data as Row[]).map(({ id }) => id)).to.deep.equal([more[1]!.sid, more[0]!.sid]);
    const second = await list(`?limit=2&cursor=${String(first.body.next_cursor)}`);
    expect(second.body).to.include({ next_cursor: null });
    expect((second.body.data as Row[]).map(({ id }) => id)).to.deep.equal([user.sid]);
    for (const query of ['?limit=0', '?limit=101', '?cursor=x', '?more=1'])
      expect((await list(query)).status).to.equal(400);
  });

  it('are ended by their owner at once, with both tokens', async () => {
    const other = await buildSession(user);
    expect((await end(other.sid)).status).to.equal(204);
    expect((await list('', other.access)).status).to.equal(401);
    expect((await refresh(other.refresh)).status).to.equal(401);
    expect((await list()).status).to.equal(200);
    expect(await audited('session.ended')).to.have.length(1);
  });

  it('are 404 to end a second time, for somebody else, or under an invalid id', async () => {
    const other = await buildSession(user);
    const stranger = await buildUser();
    expect((await end(other.sid, stranger.access)).status).to.equal(404);
    expect((await list('', other.access)).status).to.equal(200);
    expect((await end(other.sid)).status).to.equal(204);
    for (const id of [other.sid, stranger.sid, 0, 'me', '99999999999999999999'])
      expect((await end(id)).body).to.include({ status: 404, code: 'not_found' });
    expect(await audited('session.ended')).to.have.length(1);
  });

  it('can be refreshed until they are too old', async () => {
    const day = 86_400_000;
    const created_at = new Date(Date.now() - env.SESSION_LIFETIME_S * 1000 + 5 * day);
    await knex('sessions').where({ id: user.sid }).update({ created_at });
    const renewed = await refresh(user.refresh);
    expect(renewed.status).to.equal(200);
    const [row] = await rowsOf();
    expect(Date.parse(row!.expires_at) - created_at.getTime()).to.equal(env.SESSION_LIFETIME_S * 1000);

    const past = new Date(Date.now() - env.SESSION_LIFETIME_S * 1000 - 1000);
    const fresh = await buildSession(user);
    await knex('sessions').where({ id: fresh.sid }).update({ created_at: past });
    expect((await refresh(fresh.refresh)).status).to.equal(401);
  });

  it('record sign-in, failure, replay and sign-out in the audit log', async () => {
    const login = (password: string, email = user.email) =>
      api.call('POST', '/auth/login', { email, password });
    const { body } = await login(PASSWORD);
    await login('not my password');
    await login(PASSWORD, 'nobody@example.com');
    await refresh(user.refresh);
    await knex('refresh_tokens')
      .whereNotNull('spent_at')
      .update({ spent_at: new Date(0) });
    await refresh(user.refresh);
    await api.call('POST', '/auth/logout', {}, { token: String(body.access_token) });

    expect((await audited('user.signed_in'))[0]).to.deep.include({
      actor_id: user.id,
      actor_role: 'user',
      target_type: 'user',
      target_id: user.id,
      ip: '127.0.0.1',
    });
    expect(await audited('user.sign_in_failed')).to.have.length(1);
    const unknown = await knex('audit_entries').where({ action: 'user.sign_in_failed', subject_id: null });
    expect(unknown[0]).to.include({ actor_id: null, target_id: null });
    expect((await audited('session.replayed'))[0]).to.include({ actor_id: null, target_id: user.sid });
    expect((await audited('session.signed_out'))[0]).to.deep.include({ details: { everywhere: false } });
    expect(JSON.stringify(await knex('audit_entries'))).not.to.include('@example.com');
  });
});
