import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { servedApi } from '../support/api.ts';
import { type BuiltUser, buildSession, buildUser, PASSWORD } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

describe('users', () => {
  const api = servedApi();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const me = (token = user.access) => api.call('GET', '/users/me', undefined, { token });
  const patch = (body: unknown) => api.call('PATCH', '/users/me', body, { token: user.access });

  it('are private', async () => {
    for (const [method, path] of [
      ['GET', '/users/me'],
      ['PATCH', '/users/me'],
      ['POST', '/users/me/password'],
    ] as const) {
      // The server refuses before it reads the body.
      const answer = await api.call(method, path, method === 'GET' ? undefined : '{');
      expect(answer.status).to.equal(401);
    }
  });

  it('show exactly the fields of the contract', async () => {
    const { status, body } = await me();
    expect(status).to.equal(200);
    expect(body).to.have.all.keys(
      'id',
      'email',
      'username',
      'first_name',
      'last_name',
      'role',
      'status',
      'avatar_url',
      'language',
      'timezone',
      'gdpr_consent',
      'data_processing_consent',
      'marketing_consent',
      'created_at',
      'last_login',
      'email_verified_at',
      'external_id',
      'second_factor',
    );
    expect(body.id).to.equal(user.id);
    expect(body.created_at).to.match(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  describe('PATCH /users/me', () => {
    it('changes the given fields and leaves the rest', async () => {
      const fields = {
        username: `new_${user.username}`,
        first_name: 'Zoë 😀',
        last_name: 'O\'Neil "; DROP TABLE users',
        language: 'pt-BR',
        timezone: 'America/Sao_Paulo',
        avatar_url: 'https://example.com/a.png',
        data_processing_consent: false,
        marketing_consent: true,
      };
      const { status, body } = await patch({ ...fields, password: PASSWORD });
      expect(status).to.equal(200);
      expect(body).to.include({ ...fields, email: user.email, role: 'user' });
      expect((await me()).body).to.deep.equal(body);
      expect((await patch({ first_name: null, avatar_url: null })).body).to.include({
        ...fields,
        first_name: null,
        avatar_url: null,
      });
    });

    it('accepts an empty change', async () => {
      const before = (await me()).body;
      for (const body of [{}, '']) expect((await patch(body)).body).to.deep.equal(before);
    });

    it('records changed fields in the audit log, and nothing without a change', async () => {
      const entries = async () => {
        const found = await knex('audit_entries')
          .where({ action: 'user.changed', subject_id: user.id })
          .orderBy('id');
        return found.map(({ details }) => details as { fields: string[] });
      };
      await patch({ first_name: 'Same', marketing_consent: false });
      const before = await entries();
      for (const body of [{}, { first_name: 'Same' }, { first_name: 'Same', marketing_consent: false }])
        expect((await patch(body)).status).to.equal(200);
      expect(await entries()).to.deep.equal(before);
      await patch({ first_name: 'Other', marketing_consent: false });
      expect((await entries()).slice(before.length)).to.deep.equal([{ fields: ['first_name'] }]);
    });

    it('changes the username with the password only', async () => {
      const own = await buildUser();
      const rename = (body: object) => api.call('PATCH', '/users/me', body, { token: own.access });
      for (const body of [{}, { password: 'not it' }]) {
        const refused = await rename({ username: `other_${own.username}`, first_name: 'Ada', ...body });
        expect(refused.status).to.equal(400);
        expect(refused.body.errors).to.deep.equal([
          { path: '/password', message: 'must be your present password' },
        ]);
      }
      expect((await api.call('GET', '/users/me', undefined, { token: own.access })).body).to.include({
        username: own.username,
        first_name: null,
      });
      const { status, body } = await rename({ username: `other_${own.username}`, password: PASSWORD });
      expect([status, body.username]).to.deep.equal([200, `other_${own.username}`]);
      // The name that is there already needs none.
      expect((await rename({ username: `other_${own.username}`, first_name: 'Ada' })).status).to.equal(200);
    });

    it('reveals taken names twenty times an hour at most', async () => {
      const [guesser, other] = [await buildUser(), await buildUser()];
      const guess = (body: object) => api.call('PATCH', '/users/me', body, { token: guesser.access });
      const statuses: number[] = [];
      for (let i = 0; i < 25; i += 1)
        statuses.push((await guess({ username: other.username, password: PASSWORD })).status);
      expect(statuses).to.deep.equal([...Array<number>(20).fill(409), ...Array<number>(5).fill(429)]);
      // The user's own name and other fields still work.
      expect((await guess({ username: guesser.username, first_name: 'Ada' })).status).to.equal(200);
    });

    it('is possible three hundred times in 15 minutes', async () => {
      const { access } = await buildUser();
      const change = async (first_name: string) =>
        (await api.call('PATCH', '/users/me', { first_name }, { token: access })).status;
      await redis.flushdb();
      expect(await change('One')).to.equal(200);
      // As if 298 more had followed.
      const [key = ''] = await redis.keys('limit:profile-change:*');
      const [, ends] = ((await redis.get(key)) ?? '').split(':');
      await redis.set(key, `299:${ends}`);
      expect([await change('Last'), await change('More')]).to.deep.equal([200, 429]);
    });

    it('refuses a taken username', async () => {
      const other = await buildUser();
      const { status, body } = await patch({ username: other.username.toUpperCase(), password: PASSWORD });
      expect(status).to.equal(409);
      expect(body.code).to.equal('already_exists');
      expect((await patch({ username: user.username.toUpperCase(), password: PASSWORD })).status).to.equal(
        200,
      );
    });

    for (const fields of [
      { username: 'x' },
      { username: null },
      { first_name: 'x'.repeat(101) },
      { last_name: 1 },
      { first_name: 'Ada\nadmin' },
      { last_name: 'gpj.\u202eexe' },
      { first_name: '\u2067Ada' },
      { last_name: 'Ada\u001b[2J' },
      { language: null },
      { language: 'x'.repeat(11) },
      { timezone: 'Nowhere' },
      { avatar_url: 'javascript:alert(1)' },
      { avatar_url: 'http://example.com/a.png' },
      { avatar_url: `https://example.com/${'x'.repeat(2048)}` },
      { data_processing_consent: 'yes' },
      { marketing_consent: null },
      { gdpr_consent: false },
      { role: 'admin' },
      { status: 'active' },
      { email: 'new@example.com' },
      { id: 1 },
      { hashed_password: 'x' },
    ]) {
      it(`refuses ${JSON.stringify(fields).slice(0, 60)}`, async () => {
        const { status, body } = await patch(fields);
        expect(status).to.equal(400);
        expect(body.code).to.equal('validation_failed');
        expect((body.errors as { path: string }[])[0]?.path).to.equal(`/${Object.keys(fields)[0]}`);
      });
    }
  });

  describe('POST /users/me/password', () => {
    const change = (current_password: unknown, new_password: unknown = 'a new password') =>
      api.call('POST', '/users/me/password', { current_password, new_password }, { token: user.access });
    const login = (password: string) => api.call('POST', '/auth/login', { email: user.email, password });

    it('changes the password and ends all other sessions', async () => {
      const other = await buildSession(user);
      expect((await change(PASSWORD)).status).to.equal(204);
      expect((await me()).status).to.equal(200);
      expect((await me(other.access)).status).to.equal(401);
      const refreshed = await api.call('POST', '/auth/refresh', { refresh_token: other.refresh });
      expect(refreshed.status).to.equal(401);
      expect((await login(PASSWORD)).status).to.equal(401);
      expect((await login('a new password')).status).to.equal(200);
    });

    it('requires the current password and a good new one', async () => {
      const wrong = await change('not my password');
      expect(wrong.status).to.equal(400);
      expect(wrong.body.errors).to.deep.equal([
        { path: '/current_password', message: 'must be your present password' },
      ]);
      for (const password of ['short', 'x'.repeat(257), null, 12345678]) {
        expect((await change(PASSWORD, password)).status).to.equal(400);
      }
      expect((await login(PASSWORD)).status).to.equal(200);
    });

    itNative('accepts one of two concurrent changes', async () => {
      const both = await Promise.all([
        change(PASSWORD, 'first password'),
        change(PASSWORD, 'second password'),
      ]);
      expect(both.map(({ status }) => status)).to.have.members([204, 400]);
    });

    itNative('leaves no session that began with the old password meanwhile', async () => {
      const [, ...logins] = await Promise.all([
        change(PASSWORD),
        login(PASSWORD),
        login(PASSWORD),
        login(PASSWORD),
      ]);
      for (const { status, body } of logins) {
        if (status === 200) expect((await me(String(body.access_token))).status).to.equal(401);
      }
    });
  });
});
