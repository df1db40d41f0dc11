import { once } from 'node:events';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import type { Api } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildGuest, buildUser, forgeToken, PASSWORD } from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

const consents = { gdpr_consent: true, data_processing_consent: true };

describe('guests', () => {
  let api: Api;
  const settings = env as { GUESTS: 'on' | 'off'; GUESTS_MAX: number };
  // So few that each guest is counted.
  const usual = { GUESTS: 'on', GUESTS_MAX: 900 };
  before(async () => {
    api = await serveWeb();
    Object.assign(settings, usual);
  });
  afterEach(() => Object.assign(settings, usual));
  after(() => {
    settings.GUESTS_MAX = 100_000;
    return api.close();
  });

  const post = (path: string, body: unknown, token?: string, headers = {}) =>
    api.call('POST', path, body, { headers, ...(token && { token }) });
  const me = (token: string) => api.call('GET', '/users/me', undefined, { token });
  const living = async () => Number((await knex('users').where({ role: 'guest' }).count())[0]?.count);
  let named = 0;
  const account = () => {
    const username = `ada${++named}_${process.pid}`;
    return { email: `${username}@example.com`, username, password: 'correct horse', gdpr_consent: true };
  };

  describe('POST /auth/guest', () => {
    it('makes an account without credentials, signed in', async () => {
      const { status, body } = await post('/auth/guest', {
        ...consents,
        language: 'de',
        timezone: 'Europe/Berlin',
      });
      expect(status).to.equal(201);
      expect(body).to.include({ token_type: 'Bearer', expires_in: 900 });
      expect(body.user).to.include({ email: null, username: null, role: 'guest', status: 'active' });
      expect(body.user).to.include({ ...consents, language: 'de', timezone: 'Europe/Berlin' });
      const claims = jwt.decode(String(body.access_token)) as Record<string, unknown>;
      expect(claims).to.include({ email: null, role: 'guest', type: 'access' });
      expect((await me(String(body.access_token))).body).to.deep.equal(body.user);
      const renewed = await post('/auth/refresh', { refresh_token: body.refresh_token });
      expect(renewed.status).to.equal(200);
      const sent = await post('/chat/send', { content: 'Hi' }, String(renewed.body.access_token));
      expect(sent.status).to.equal(202);
    });

    it('keeps the refresh token in the cookie where that is asked for', async () => {
      const answer = await post('/auth/guest', consents, undefined, { 'x-session': 'cookie' });
      expect(answer.status).to.equal(201);
      expect(answer.body).to.not.have.property('refresh_token');
      expect(answer.headers.getSetCookie().join()).to.match(/^__Host-parley_refresh=[\w-]{43};/);
    });

    it('takes no message of a guest who does not consent', async () => {
      const { body } = await post('/auth/guest', { gdpr_consent: true });
      const refused = await post('/chat/send', { content: 'Hi' }, String(body.access_token));
      expect(refused.body.code).to.equal('consent_required');
    });

    it('is in the audit log as a sign-in', async () => {
      const { body } = await post('/auth/guest', consents);
      const { id } = body.user as { id: number };
      const [entry, ...more] = await knex('audit_entries').where({ subject_id: id });
      expect(entry).to.include({ action: 'user.signed_in', actor_id: id, actor_role: 'guest' });
      expect(more).to.deep.equal([]);
    });

    for (const body of [
      {},
      { gdpr_consent: false },
      { ...consents, timezone: 'Mars/Olympus' },
      { ...consents, language: 'english, please' },
      { ...consents, email: 'a@example.com' },
      { ...consents, role: 'admin' },
    ])
      it(`refuses ${JSON.stringify(body)}`, async () => {
        const before = await living();
        expect((await post('/auth/guest', body)).status).to.equal(400);
        expect(await living()).to.equal(before);
      });

    it('is refused where guests are off; a guest from before stays signed in', async () => {
      const guest = await buildGuest();
      settings.GUESTS = 'off';
      const { status, body } = await post('/auth/guest', consents);
      expect([status, body.code]).to.deep.equal([403, 'forbidden']);
      expect((await me(guest.access)).status).to.equal(200);
    });

    itNative('keeps to GUESTS_MAX, however many ask at once', async () => {
      settings.GUESTS_MAX = (await living()) + 3;
      const answers = await Promise.all(Array.from({ length: 8 }, () => post('/auth/guest', consents)));
      const statuses = answers.map(({ status }) => status).toSorted();
      expect(statuses).to.deep.equal([201, 201, 201, 429, 429, 429, 429, 429]);
      const refused = answers.find(({ status }) => status === 429);
      expect(refused?.body.code).to.equal('quota_exceeded');
      expect(Number(refused?.headers.get('retry-after'))).to.be.greaterThan(0);
      expect(await living()).to.equal(settings.GUESTS_MAX);
    });

    it('is limited by address', async () => {
      const { headers } = await post('/auth/guest', consents);
      expect(headers.get('ratelimit-policy')).to.equal('"address-guest";q=300;w=60');
    });
  });

  describe('POST /auth/register with a guest’s access token', () => {
    let guest: BuiltUser;
    beforeEach(async () => {
      guest = await buildGuest();
    });
    const register = (token: string, fields: object = {}) =>
      post('/auth/register', { ...account(), ...fields }, token);

    it('makes the guest that account, conversations included', async () => {
      const sent = await send(api, guest);
      const fields = account();
      const { status, body } = await register(guest.access, fields);
      expect(status).to.equal(201);
      expect(body.user).to.include({ id: guest.id, email: fields.email, role: 'user' });
      // Fields that are left out stay.
      expect(body.user).to.include({ data_processing_consent: true });
      const token = String(body.access_token);
      const { body: list } = await api.call('GET', '/conversations', undefined, { token });
      expect((list.data as { id: number }[]).map(({ id }) => id)).to.deep.equal([sent.conversation_id]);
      const login = await post('/auth/login', { email: fields.email, password: fields.password });
      expect(login.body.user).to.include({ id: guest.id });
    });

    it('shows a running answer to its end, to the device that the guest had open as well', async () => {
      const sent = await send(api, guest);
      const worker = await playWorker(guest, sent);
      await worker.say('Hel');
      const before = await connectDevice(api.url, guest.access);
      // The new role makes it dial again, with the guest's token.
      const again = once(before.socket as never, 'connect');
      const { body } = await register(guest.access);
      await again;
      const after = await connectDevice(api.url, String(body.access_token));
      await worker.say('lo');
      await worker.finish();
      await worker.announce();
      await Promise.all([before.ended(sent.run_id), after.ended(sent.run_id)]);
      const { body: run } = await api.call('GET', `/runs/${sent.run_id}`, undefined, {
        token: String(body.access_token),
      });
      expect(run.status).to.equal('completed');
      before.close();
      after.close();
    });

    it('lets the guest’s tokens run out and renews none of them', async () => {
      const { body } = await register(guest.access);
      expect((await me(guest.access)).body).to.include({ role: 'user' });
      const renewed = await post('/auth/refresh', { refresh_token: guest.refresh });
      expect([renewed.status, renewed.body.code]).to.deep.equal([401, 'unauthenticated']);
      const [old] = await knex('sessions').where({ id: guest.sid });
      expect(old.expires_at.getTime()).to.be.at.most(Date.now() + env.ACCESS_TOKEN_TTL_S * 1_000 + 1_000);
      expect((await post('/auth/refresh', { refresh_token: body.refresh_token })).status).to.equal(200);
    });

    it('works once', async () => {
      expect((await register(guest.access)).status).to.equal(201);
      const again = await register(guest.access);
      expect([again.status, again.body.code]).to.deep.equal([409, 'conflict']);
      expect(await knex('users').where({ id: guest.id }).pluck('role')).to.deep.equal(['user']);
    });

    itNative('lets one of many at once through', async () => {
      for (let round = 0; round < 5; round++) {
        const one = await buildGuest();
        const [before] = await knex('users').count();
        const answers = await Promise.all(Array.from({ length: 4 }, () => register(one.access)));
        const codes = answers.map(({ status, body }) => body.code ?? status);
        expect(codes).to.have.members([201, 'conflict', 'conflict', 'conflict']);
        expect(await knex('users').count()).to.deep.equal([before]);
      }
    });

    itNative('leaves no sign-in that a refresh at the same time has renewed', async () => {
      for (let round = 0; round < 5; round++) {
        const one = await buildGuest();
        const [, refreshed] = await Promise.all([
          register(one.access),
          post('/auth/refresh', { refresh_token: one.refresh }),
        ]);
        expect(refreshed.status).to.be.oneOf([200, 401]);
        const later = Date.now() + env.ACCESS_TOKEN_TTL_S * 1_000 + 1_000;
        const [old] = await knex('sessions').where({ id: one.sid });
        expect(old.expires_at.getTime()).to.be.at.most(later);
        const unspent = { session_id: one.sid, spent_at: null };
        expect(await knex('refresh_tokens').where(unspent)).to.deep.equal([]);
      }
    });

    it('leaves a guest as it was where the address is taken', async () => {
      const { email } = await buildUser();
      const refused = await register(guest.access, { email });
      expect([refused.status, refused.body.code]).to.deep.equal([409, 'already_exists']);
      expect((await me(guest.access)).body).to.include({ role: 'guest', email: null });
      expect((await post('/auth/refresh', { refresh_token: guest.refresh })).status).to.equal(200);
    });

    it('refuses a guest’s token that does not hold, and makes no account', async () => {
      const [before] = await knex('users').count();
      const expired = forgeToken(guest, { role: 'guest' }, undefined, { expiresIn: -1 });
      expect((await register(expired)).body.code).to.equal('token_expired');
      const forged = forgeToken(guest, { role: 'guest' }, 'guess');
      expect((await register(forged)).body.code).to.equal('unauthenticated');
      await post('/auth/logout', {}, guest.access);
      expect((await register(guest.access)).body.code).to.equal('unauthenticated');
      expect(await knex('users').count()).to.deep.equal([before]);
    });

    it('refuses a token that does not hold, whosever it is, and makes no account', async () => {
      const user = await buildUser();
      const expired = forgeToken(user, {}, undefined, { expiresIn: -1 });
      const [before] = await knex('users').count();
      expect((await register(expired)).body.code).to.equal('token_expired');
      const part = (text: string) => Buffer.from(text).toString('base64url');
      const unreadable = `${part('{"alg":"HS256","typ":"JWT"}')}.${part('{"role":"guest"')}.x`;
      const tokens = ['nonsense', 'a.b.c', unreadable, `${part('{}')}.${part('null')}.x`];
      const headers = [...tokens.map((token) => `Bearer ${token}`), 'Bearer', 'Bearer a b'];
      for (const authorization of headers) {
        const { status, body } = await post('/auth/register', account(), undefined, { authorization });
        expect([status, body.code], authorization).to.deep.equal([401, 'unauthenticated']);
      }
      expect(await knex('users').count()).to.deep.equal([before]);
    });

    it('does not read the Authorization of another scheme, which a proxy asked for', async () => {
      const authorization = 'Basic YTpi';
      expect((await post('/auth/register', account(), undefined, { authorization })).status).to.equal(201);
    });

    it('makes another account where the token is that of a user', async () => {
      const user = await buildUser();
      const { status, body } = await register(user.access);
      expect(status).to.equal(201);
      expect((body.user as { id: number }).id).to.not.equal(user.id);
    });

    it('is in the audit log', async () => {
      await register(guest.access);
      const entries = await knex('audit_entries').where({ subject_id: guest.id }).orderBy('id');
      expect(entries.map(({ action }) => action)).to.deep.equal(['user.upgraded', 'user.signed_in']);
      expect(entries[0]).to.deep.include({ actor_role: 'user', details: { session_id: guest.sid } });
    });
  });

  describe('the account of a guest', () => {
    it('has no password to change and no username', async () => {
      const { access: token } = await buildGuest();
      const change = { current_password: PASSWORD, new_password: 'battery staple' };
      expect((await post('/users/me/password', change, token)).body.code).to.equal('forbidden');
      const rename = await api.call('PATCH', '/users/me', { username: 'somebody' }, { token });
      expect(rename.body.code).to.equal('forbidden');
      const { body } = await api.call('PATCH', '/users/me', { first_name: 'Ada' }, { token });
      expect(body).to.include({ first_name: 'Ada', username: null });
    });

    it('gets no role from an administrator', async () => {
      const [{ access: token }, guest] = [await buildUser({ role: 'admin' }), await buildGuest()];
      const patch = (body: object) => api.call('PATCH', `/users/${guest.id}`, body, { token });
      expect((await patch({ role: 'agent' })).body.code).to.equal('forbidden');
      expect((await patch({ role: 'guest' })).status).to.equal(400);
      expect((await patch({ status: 'suspended' })).body).to.include({ status: 'suspended', role: 'guest' });
    });
  });
});
