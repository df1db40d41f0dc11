import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { type Answer, servedApi } from '../support/api.ts';
import { type BuiltUser, buildSession, buildUser, forgeToken, PASSWORD } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

const ada = {
  email: ' Ada@Example.com ',
  username: 'ada',
  password: 'correct horse',
  first_name: 'Ada',
  language: 'de',
  timezone: 'Europe/Berlin',
  gdpr_consent: true,
};

describe('auth', () => {
  const api = servedApi();

  const post = (path: string, body?: unknown, token?: string) =>
    api.call('POST', `/auth${path}`, body, { token });
  const me = (token?: string) => api.call('GET', '/users/me', undefined, { token });
  const tokens = ({ body }: Answer) => body as { access_token: string; refresh_token: string };

  function expect401(answer: Answer, code = 'unauthenticated'): void {
    expect(answer.status).to.equal(401);
    expect(answer.body.code).to.equal(code);
    expect(answer.headers.get('www-authenticate')).to.equal('Bearer');
  }

  describe('register', () => {
    it('creates an account and signs it in', async () => {
      const answer = await post('/register', ada);
      expect(answer.status).to.equal(201);
      expect(answer.body).to.include({ token_type: 'Bearer', expires_in: 900 });
      expect(answer.body.user).to.deep.include({
        email: 'Ada@Example.com',
        username: 'ada',
        first_name: 'Ada',
        last_name: null,
        role: 'user',
        status: 'active',
        avatar_url: null,
        language: 'de',
        timezone: 'Europe/Berlin',
        gdpr_consent: true,
        data_processing_consent: false,
        marketing_consent: false,
      });
      expect(answer.body.user).not.to.have.any.keys('hashed_password', 'password', 'updated_at');
      expect((await me(tokens(answer).access_token)).body).to.deep.equal(answer.body.user);
      const claims = jwt.decode(tokens(answer).access_token) as Record<string, unknown>;
      expect(claims).to.include({ email: 'Ada@Example.com', role: 'user', type: 'access' });
      expect(claims.sub).to.equal(String((answer.body.user as { id: number }).id));
      expect(claims.sid).to.be.a('number');
      expect(Number(claims.exp) - Number(claims.iat)).to.equal(900);
    });

    it('stores an argon2id hash', async () => {
      const row = await knex('users').where({ username: 'ada' }).first('hashed_password');
      expect(row.hashed_password).to.match(/^\$argon2id\$v=19\$m=47104,t=3,p=1\$/);
    });

    it('refuses a taken e-mail address or username, regardless of case', async () => {
      const email = await post('/register', { ...ada, email: 'ADA@example.COM', username: 'ada2' });
      expect(email.status).to.equal(409);
      expect(email.body).to.include({ code: 'already_exists' });
      expect(email.body.errors).to.deep.equal([{ path: '/email', message: 'must be unique: it is taken' }]);
      const username = await post('/register', { ...ada, email: 'ada2@example.com', username: 'ADA' });
      expect(username.body).to.include({ status: 409, code: 'already_exists' });
    });

    itNative('gives an address to one of two concurrent registrations', async () => {
      const both = ['twin1', 'twin2'].map((username) =>
        post('/register', { ...ada, email: 'twin@example.com', username }),
      );
      const statuses = (await Promise.all(both)).map(({ status }) => status);
      expect(statuses).to.have.members([201, 409]);
      expect(await knex('users').where({ email: 'twin@example.com' })).to.have.length(1);
    });

    const bad: [string, Record<string, unknown>][] = [
      ['/email', { email: 'nobody' }],
      ['/email', { email: `${'x'.repeat(250)}@a.co` }],
      ['/email', { email: 7 }],
      ['/email', { email: undefined }],
      ['/username', { username: 'ab' }],
      ['/username', { username: 'x'.repeat(51) }],
      ['/username', { username: 'a b c' }],
      ['/username', { username: 'a@b.co' }],
      ['/username', { username: null }],
      ['/password', { password: '1234567' }],
      ['/password', { password: 'x'.repeat(257) }],
      ['/password', { password: undefined }],
      ['/first_name', { first_name: 'x'.repeat(101) }],
      ['/last_name', { last_name: [] }],
      ['/language', { language: 'english, please' }],
      ['/timezone', { timezone: 'Mars/Olympus' }],
      ['/timezone', { timezone: '+02:00' }],
      ['/gdpr_consent', { gdpr_consent: false }],
      ['/gdpr_consent', { gdpr_consent: 'true' }],
      ['/gdpr_consent', { gdpr_consent: undefined }],
      ['/data_processing_consent', { data_processing_consent: 1 }],
      ['/role', { role: 'admin' }],
      ['/id', { id: 1 }],
    ];
    for (const [path, fields] of bad) {
      it(`refuses ${JSON.stringify(fields).slice(0, 60)} at ${path}`, async () => {
        const { status, body } = await post('/register', {
          ...ada,
          email: 'x@example.com',
          username: 'xxx',
          ...fields,
        });
        expect(status).to.equal(400);
        expect(body.code).to.equal('validation_failed');
        expect((body.errors as { path: string }[]).map((error) => error.path)).to.include(path);
      });
    }

    it('counts the length of fields in code points', async () => {
      const answer = await post('/register', {
        ...ada,
        email: 'points@example.com',
        username: 'points',
        password: '😀'.repeat(256),
        first_name: '😀'.repeat(100),
      });
      expect(answer.status).to.equal(201);
      const short = { ...ada, email: 'short@example.com', username: 'short', password: '😀'.repeat(7) };
      expect((await post('/register', short)).status).to.equal(400);
      // bcrypt would accept any password that begins with the same 72 bytes.
      expect401(await post('/login', { email: 'points', password: '😀'.repeat(255) }));
    });
  });

  describe('login', () => {
    it('accepts an e-mail address or a username, regardless of case', async () => {
      const user = await buildUser();
      for (const email of [
        user.email,
        user.email.toUpperCase(),
        user.username,
        ` ${user.username.toUpperCase()} `,
      ]) {
        const answer = await post('/login', { email, password: PASSWORD });
        expect(answer.status).to.equal(200);
        expect((answer.body.user as { last_login: string }).last_login).to.be.a('string');
        expect((await me(tokens(answer).access_token)).status).to.equal(200);
      }
    });

    it('answers a wrong password, an unknown account and a suspended one alike', async () => {
      const user = await buildUser();
      const suspended = await buildUser({ status: 'suspended' });
      const answers = [
        await post('/login', { email: user.email, password: 'wrong password' }),
        await post('/login', { email: 'nobody@example.com', password: PASSWORD }),
        await post('/login', { email: suspended.email, password: PASSWORD }),
        await post('/login', { email: "' OR 1=1 --", password: PASSWORD }),
      ];
      for (const answer of answers) {
        expect401(answer);
        expect(answer.body).to.deep.equal(answers[0]!.body);
      }
    });

    it('refuses malformed sign-ins', async () => {
      for (const body of [
        {},
        { email: 'a' },
        { email: '', password: 'x' },
        { email: {}, password: [] },
        { email: 'a', password: 'x', role: 'admin' },
      ]) {
        expect((await post('/login', body)).body.code).to.equal('validation_failed');
      }
    });
  });

  describe('refresh', () => {
    let user: BuiltUser;
    beforeEach(async () => {
      user = await buildUser();
    });
    const refresh = (refresh_token: string) => post('/refresh', { refresh_token });

    it('trades the token for a new pair of the same session', async () => {
      const answer = await refresh(user.refresh);
      expect(answer.status).to.equal(200);
      expect(tokens(answer).refresh_token).not.to.equal(user.refresh);
      expect(jwt.decode(tokens(answer).access_token)).to.include({ sid: user.sid });
      expect((await refresh(tokens(answer).refresh_token)).status).to.equal(200);
    });

    it('stores only hashes of tokens', async () => {
      const rows = await knex('refresh_tokens').where({ user_id: user.id });
      expect(rows[0].token_hash).to.match(/^[0-9a-f]{64}$/);
      expect(JSON.stringify(rows)).not.to.contain(user.refresh);
    });

    it('ends the session of a replayed token and no other session', async () => {
      const other = await buildSession(user);
      const renewed = tokens(await refresh(user.refresh));
      await knex('refresh_tokens')
        .whereNotNull('spent_at')
        .update({ spent_at: new Date(0) });
      expect401(await refresh(user.refresh));
      expect401(await refresh(renewed.refresh_token));
      expect401(await me(renewed.access_token));
      expect((await me(other.access)).status).to.equal(200);
    });

    it('refuses unknown, expired and revoked tokens, and access tokens', async () => {
      expect401(await refresh('nonsense'));
      expect401(await refresh(user.access.slice(0, 256)));
      await knex('refresh_tokens')
        .where({ user_id: user.id })
        .update({ expires_at: new Date(0) });
      expect401(await refresh(user.refresh));
      const ended = await buildSession(user);
      await knex('sessions').where({ id: ended.sid }).update({ revoked_at: new Date() });
      expect401(await refresh(ended.refresh));
      const suspended = await buildUser({ status: 'suspended' });
      expect401(await refresh(suspended.refresh));
    });

    it('refuses malformed tokens', async () => {
      for (const body of [
        {},
        { refresh_token: 7 },
        { refresh_token: '' },
        { refresh_token: 'x'.repeat(257) },
      ]) {
        expect((await post('/refresh', body)).status).to.equal(400);
      }
    });
  });

  describe('logout', () => {
    it('ends this session with both its tokens, and no other session', async () => {
      const user = await buildUser();
      const other = await buildSession(user);
      const answer = await post('/logout', undefined, user.access);
      expect(answer.status).to.equal(204);
      expect401(await me(user.access));
      expect401(await post('/refresh', { refresh_token: user.refresh }));
      expect((await me(other.access)).status).to.equal(200);
    });

    it('ends all sessions of the user with everywhere', async () => {
      const [user, stranger] = await Promise.all([buildUser(), buildUser()]);
      const other = await buildSession(user);
      expect((await post('/logout', { everywhere: true }, user.access)).status).to.equal(204);
      expect401(await me(user.access));
      expect401(await me(other.access));
      expect((await me(stranger.access)).status).to.equal(200);
    });

    it('requires a token and a valid body', async () => {
      expect401(await post('/logout', {}));
      const { access } = await buildUser();
      expect((await post('/logout', { everywhere: 'yes' }, access)).status).to.equal(400);
      expect((await me(access)).status).to.equal(200);
    });
  });

  describe('access tokens', () => {
    let user: BuiltUser;
    before(async () => {
      user = await buildUser();
    });
    const forge = (claims: object, secret?: jwt.Secret, options?: jwt.SignOptions) =>
      forgeToken(user, claims, secret, options);

    it('are required', async () => {
      expect401(await me());
      for (const authorization of [
        '',
        'Bearer',
        'Bearer ',
        'Bearer a b',
        `Basic ${user.access}`,
        user.access,
      ]) {
        expect401(await api.call('GET', '/users/me', undefined, { headers: { authorization } }));
      }
    });

    it('are refused when they are forged or of another kind', async () => {
      const [header, payload] = user.access.split('.');
      const forged = {
        malformed: 'a.b.c',
        'other secret': forge({}, 'guess'),
        unsigned: forge({}, '', { algorithm: 'none' }),
        'no signature': `${header}.${payload}.`,
        'other algorithm': forge({}, env.JWT_SECRET[0], { algorithm: 'HS512' }),
        'a refresh token': user.refresh,
        'type refresh': forge({ type: 'refresh' }),
        'no type': forge({ type: undefined }),
        'no expiry': jwt.sign({ sub: String(user.id), sid: user.sid, type: 'access' }, env.JWT_SECRET[0]!),
        'sid as text': forge({ sid: String(user.sid) }),
        'sid missing': forge({ sid: undefined }),
        'sid of another user': forge({ sid: (await buildUser()).sid }),
        'sub as SQL': forge({ sub: '1 OR 1=1' }),
        'sub too large': forge({ sub: '9'.repeat(30) }),
        'not valid yet': forge({}, env.JWT_SECRET[0], { notBefore: 60 }),
      };
      for (const [what, token] of Object.entries(forged)) {
        const answer = await me(token);
        expect(answer.body.code, what).to.equal('unauthenticated');
        expect401(answer);
      }
      expect((await me(forge({}))).status).to.equal(200);
    });

    it('are refused as token_expired when they have expired, under any of our secrets', async () => {
      expect401(await me(forge({}, env.JWT_SECRET[0], { expiresIn: -1 })), 'token_expired');
      expect401(await me(forge({}, 'guess', { expiresIn: -1 })));
      env.JWT_SECRET.push('retired');
      expect401(await me(forge({}, 'retired', { expiresIn: -1 })), 'token_expired');
      env.JWT_SECRET.pop();
    });

    it('stay valid after a rotation while their secret is on the list', async () => {
      const old = user.access;
      env.JWT_SECRET.unshift('newest');
      const renewed = tokens(await post('/login', { email: user.email, password: PASSWORD }));
      expect((await me(old)).status).to.equal(200);
      expect(() => jwt.verify(renewed.access_token, 'newest')).not.to.throw();
      env.JWT_SECRET.shift();
      expect401(await me(renewed.access_token));
      expect((await me(old)).status).to.equal(200);
    });

    it('are refused after the end of their session or account', async () => {
      const expired = await buildUser();
      await knex('sessions')
        .where({ id: expired.sid })
        .update({ expires_at: new Date(0) });
      expect401(await me(expired.access));
      const suspended = await buildUser();
      await knex('users').where({ id: suspended.id }).update({ status: 'suspended' });
      expect401(await me(suspended.access));
      const deleted = await buildUser();
      await knex('users').where({ id: deleted.id }).delete();
      expect401(await me(deleted.access));
    });
  });
});
