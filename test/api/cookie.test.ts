import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { type Answer, servedApi } from '../support/api.ts';
import { type BuiltUser, buildUser, PASSWORD } from '../support/factories.ts';

const SESSION = { 'x-session': 'cookie' };

describe('a sign-in whose refresh token is a cookie', () => {
  const api = servedApi();
  let user: BuiltUser;
  const settings = env as { PUBLIC_URL: string };
  before(async () => {
    user = await buildUser();
  });
  afterEach(() => Object.assign(settings, { PUBLIC_URL: '' }));

  const post = (path: string, body: unknown, headers: Record<string, string> = {}, token?: string) =>
    api.call('POST', `/auth${path}`, body, { headers, ...(token && { token }) });
  const login = (headers: Record<string, string> = SESSION) =>
    post('/login', { email: user.email, password: PASSWORD }, headers);
  /** Returns the one cookie that an answer sets: name and value, and attributes. */
  const cookieOf = ({ headers }: Answer) => {
    const [one = '', ...more] = headers.getSetCookie();
    expect(more).to.deep.equal([]);
    const [pair = '', ...attributes] = one.split('; ');
    return { pair, attributes };
  };
  const refresh = (cookie: string, headers: Record<string, string> = {}, body: unknown = {}) =>
    post('/refresh', body, { ...SESSION, cookie, ...headers });

  it('sets the cookie HttpOnly, Secure and strict for this host, and no token in the body', async () => {
    const answer = await login();
    expect(answer.status).to.equal(200);
    expect(answer.body).to.not.have.property('refresh_token');
    expect(answer.body).to.include.keys('user', 'access_token', 'token_type', 'expires_in');
    const { pair, attributes } = cookieOf(answer);
    expect(pair).to.match(/^__Host-parley_refresh=[\w-]{43}$/);
    expect(attributes).to.have.members([
      'Path=/',
      'Secure',
      'HttpOnly',
      'SameSite=Strict',
      `Max-Age=${env.REFRESH_TOKEN_TTL_S}`,
    ]);
    const registered = await post(
      '/register',
      { email: 'c@example.org', username: 'cookie', password: 'correct horse', gdpr_consent: true },
      SESSION,
    );
    expect(registered.status).to.equal(201);
    expect(registered.body).to.not.have.property('refresh_token');
    cookieOf(registered);
  });

  it('binds the cookie to the path of PUBLIC_URL, which `__Host-` would not allow', async () => {
    settings.PUBLIC_URL = 'https://example.org/chat/';
    const { pair, attributes } = cookieOf(await login());
    expect(pair).to.match(/^__Secure-parley_refresh=/);
    expect(attributes).to.include.members(['Path=/chat', 'Secure', 'HttpOnly', 'SameSite=Strict']);
    expect((await refresh(pair, { origin: 'https://example.org' })).status).to.equal(200);
  });

  it('needs the header that asks for it', async () => {
    const answer = await login({});
    expect(answer.body).to.have.property('refresh_token');
    expect(answer.headers.getSetCookie()).to.deep.equal([]);
    const { pair } = cookieOf(await login());
    // A form of another site can send the cookie but not the header: without the header the body must hold a token.
    expect((await post('/refresh', {}, { cookie: pair })).status).to.equal(400);
  });

  it('refreshes by the cookie, and repeats the same new cookie within the grace', async () => {
    const first = cookieOf(await login()).pair;
    const answer = await refresh(first);
    expect(answer.status).to.equal(200);
    expect(answer.body).to.not.have.property('refresh_token');
    const second = cookieOf(answer).pair;
    expect(second).to.not.equal(first);
    expect(cookieOf(await refresh(first)).pair).to.equal(second);
    expect((await refresh(second)).status).to.equal(200);
  });

  it('moves a sign-in from the body to the cookie', async () => {
    const { body } = await login({});
    const moved = await post('/refresh', { refresh_token: body.refresh_token }, SESSION);
    expect(moved.status).to.equal(200);
    expect(moved.body).to.not.have.property('refresh_token');
    expect((await refresh(cookieOf(moved).pair)).status).to.equal(200);
  });

  it('refuses pages of other origins, even where CORS allows all without credentials', async () => {
    const { pair } = cookieOf(await login());
    const allowed = [...env.CORS_ALLOW_ORIGINS];
    env.CORS_ALLOW_ORIGINS.splice(0, Infinity, '*');
    try {
      for (const origin of ['https://evil.example', 'null', 'http://localhost:3000']) {
        const refused = await refresh(pair, { origin });
        expect([refused.status, refused.body.code], origin).to.deep.equal([403, 'forbidden']);
        expect((await login({ ...SESSION, origin })).status).to.equal(403);
      }
      expect((await refresh(pair, { 'sec-fetch-site': 'same-site' })).status).to.equal(403);
    } finally {
      env.CORS_ALLOW_ORIGINS.splice(0, Infinity, ...allowed);
    }
    const [listed = ''] = allowed;
    const fromListed = await refresh(pair, { origin: listed, 'sec-fetch-site': 'same-site' });
    expect(fromListed.status).to.equal(200);
    expect(fromListed.headers.get('access-control-allow-credentials')).to.equal('true');
    expect(fromListed.headers.get('access-control-allow-origin')).to.equal(listed);
    const own = new URL(api.url).origin;
    expect((await refresh(cookieOf(fromListed).pair, { origin: own })).status).to.equal(200);
    // On other routes no browser may send cookies.
    const elsewhere = await api.call('GET', '/users/me', undefined, {
      token: user.access,
      headers: { origin: listed },
    });
    expect(elsewhere.headers.get('access-control-allow-credentials')).to.equal(null);
  });

  it('clears the cookie at a logout and when its token is worthless', async () => {
    const answer = await login();
    const { pair } = cookieOf(answer);
    const out = await post('/logout', {}, { cookie: pair }, String(answer.body.access_token));
    expect(out.status).to.equal(204);
    expect(cookieOf(out)).to.deep.include({ pair: '__Host-parley_refresh=' });
    expect(cookieOf(out).attributes).to.include.members(['Max-Age=0', 'Path=/', 'Secure']);

    for (const cookie of [pair, '__Host-parley_refresh=nonsense', 'other=1']) {
      const refused = await refresh(cookie);
      expect([refused.status, refused.body.code]).to.deep.equal([401, 'unauthenticated']);
      expect(cookieOf(refused).attributes).to.include('Max-Age=0');
    }
  });

  it('ends the sign-in on a replay, as a token in a body does', async () => {
    const { pair } = cookieOf(await login());
    const renewed = await refresh(pair);
    await knex('refresh_tokens')
      .whereNotNull('spent_at')
      .update({ spent_at: new Date(0) });
    expect((await refresh(pair)).status).to.equal(401);
    const token = String(renewed.body.access_token);
    expect((await api.call('GET', '/users/me', undefined, { token })).status).to.equal(401);
  });

  it('refuses an invalid body', async () => {
    const { pair } = cookieOf(await login());
    for (const body of [{ refresh_token: '' }, { refresh_token: 7 }, { more: 1 }, []])
      expect((await refresh(pair, {}, body)).status).to.equal(400);
  });
});

describe('a sign-in whose refresh token is a cookie of the widget’s frame', () => {
  const api = servedApi();
  let own: Record<string, string>;
  before(() => {
    own = { 'x-session': 'frame', origin: new URL(api.url).origin, 'sec-fetch-site': 'same-origin' };
  });
  afterEach(() => Object.assign(env, { PUBLIC_URL: '' }));

  const post = (path: string, body: unknown, headers: Record<string, string> = {}, token?: string) =>
    api.call('POST', `/auth${path}`, body, { headers: { ...own, ...headers }, ...(token && { token }) });
  const guest = (headers: Record<string, string> = {}) => post('/guest', { gdpr_consent: true }, headers);
  const refresh = (cookie: string, headers: Record<string, string> = {}) =>
    post('/refresh', {}, { cookie, ...headers });
  const cookiesOf = ({ headers }: Answer) => headers.getSetCookie();
  const pairOf = (answer: Answer) => cookiesOf(answer)[0]?.split('; ')[0] ?? '';

  it('is kept for each site apart, and no longer in the body once the browser sends it back', async () => {
    const first = await guest();
    expect(first.status).to.equal(201);
    expect(first.body).to.have.property('refresh_token');
    const [cookie = ''] = cookiesOf(first);
    expect(cookie).to.match(/^__Host-parley_frame=[\w-]{43}; /);
    expect(cookie.split('; ').slice(1)).to.have.members([
      'Path=/',
      'Secure',
      'HttpOnly',
      'SameSite=None',
      'Partitioned',
      `Max-Age=${env.REFRESH_TOKEN_TTL_S}`,
    ]);
    const second = await refresh(pairOf(first));
    expect(second.status).to.equal(200);
    expect(second.body).to.not.have.property('refresh_token');
    expect(pairOf(second))
      .to.match(/^__Host-parley_frame=/)
      .and.not.equal(pairOf(first));
    expect(pairOf(await refresh(pairOf(first))), 'within the grace').to.equal(pairOf(second));
    expect((await refresh(pairOf(second))).status).to.equal(200);
  });

  it('has the path of PUBLIC_URL', async () => {
    Object.assign(env, { PUBLIC_URL: 'https://example.org/chat/' });
    const [cookie] = cookiesOf(await guest({ origin: 'https://example.org' }));
    expect(cookie).to.match(/^__Secure-parley_frame=.*; Path=\/chat; .*Partitioned/);
  });

  it('answers a frame that has none quietly', async () => {
    const answer = await refresh('other=1');
    expect([answer.status, answer.body, cookiesOf(answer)]).to.deep.equal([204, {}, []]);
  });

  it('counts where the browser says that the frame itself asks, and nowhere else', async () => {
    const pair = pairOf(await guest());
    const allowed = [...env.CORS_ALLOW_ORIGINS];
    const [listed = ''] = allowed;
    const foreign: Record<string, string>[] = [
      { origin: listed, 'sec-fetch-site': 'cross-site' },
      { origin: listed },
      { origin: own.origin ?? '', 'sec-fetch-site': 'same-site' },
      { origin: own.origin ?? '', 'sec-fetch-site': 'none' },
      { origin: listed, 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of foreign) {
      const said = JSON.stringify(headers);
      const refused = await refresh(pair, headers);
      expect([refused.status, cookiesOf(refused)], said).to.deep.equal([400, []]);
      expect(cookiesOf(await guest(headers)), said).to.deep.equal([]);
    }
    env.CORS_ALLOW_ORIGINS.splice(0, Infinity, '*');
    try {
      for (const origin of ['https://shop.example', 'null']) {
        const refused = await refresh(pair, { origin, 'sec-fetch-site': 'cross-site' });
        expect([refused.status, cookiesOf(refused)], origin).to.deep.equal([400, []]);
      }
    } finally {
      env.CORS_ALLOW_ORIGINS.splice(0, Infinity, ...allowed);
    }
    expect((await refresh(pair, { origin: 'https://shop.example' })).status).to.equal(403);
    expect((await refresh(pair, { 'x-session': '' })).status).to.equal(400);
    expect((await refresh(pair)).status).to.equal(200);
  });

  it('is never taken for the cookie of a page on the same site, nor that one for it', async () => {
    const framed = pairOf(await guest());
    const page = { 'x-session': 'cookie' };
    const ofPage = pairOf(await guest(page));
    expect((await refresh(framed, page)).status).to.equal(401);
    expect((await refresh(ofPage)).status).to.equal(204);
    const both = `${framed}; ${ofPage}`;
    const { body } = await refresh(both);
    const out = await post('/logout', {}, { cookie: both }, String(body.access_token));
    expect(cookiesOf(out).join()).to.match(/^__Host-parley_frame=; .*Partitioned; Max-Age=0$/);
    expect((await refresh(ofPage, page)).status).to.equal(200);
  });

  it('holds no sign-in with a password', async () => {
    const user = await buildUser();
    const login = await post('/login', { email: user.email, password: PASSWORD });
    expect([login.status, login.body.code]).to.deep.equal([403, 'forbidden']);
    const account = {
      email: 'f@example.org',
      username: 'framed',
      password: 'correct horse',
      gdpr_consent: true,
    };
    expect((await post('/register', account)).status).to.equal(403);
    expect((await post('/second-factor', { token: 'x', code: '123456' })).status).to.equal(403);
  });

  it('goes at a logout, an erasure, and when its token is worthless', async () => {
    const first = await guest();
    const out = await post('/logout', {}, { cookie: pairOf(first) }, String(first.body.access_token));
    expect([out.status, cookiesOf(out).join().includes('Max-Age=0')]).to.deep.equal([204, true]);
    const refused = await refresh(pairOf(first));
    expect([refused.status, cookiesOf(refused).join().includes('Max-Age=0')]).to.deep.equal([401, true]);

    const other = await guest();
    const erased = await api.call(
      'DELETE',
      '/users/me',
      {},
      {
        headers: { ...own, cookie: pairOf(other) },
        token: String(other.body.access_token),
      },
    );
    expect([erased.status, cookiesOf(erased).join().includes('Max-Age=0')]).to.deep.equal([202, true]);
    expect((await refresh(pairOf(other))).status).to.equal(401);
  });
});
