import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { type Api, serveApi } from '../support/api.ts';
import { buildUser, PASSWORD } from '../support/factories.ts';
import { itNative } from '../support/native.ts';

const hashOf = (externalId: string, secret = 'shared with the site') =>
  createHmac('sha256', secret).update(externalId, 'utf8').digest('hex');

describe('POST /auth/widget', () => {
  let api: Api;
  const secrets = env.WIDGET_SECRET;
  before(async () => {
    api = await serveApi();
  });
  beforeEach(() => {
    secrets.splice(0, Infinity, 'shared with the site');
  });
  after(() => {
    secrets.length = 0;
    return api.close();
  });

  let made = 0;
  const newId = () => `customer ${++made}`;
  const post = (body: object, headers = {}) => api.call('POST', '/auth/widget', body, { headers });
  const signIn = (external_id: string, fields: object = {}) =>
    post({ external_id, hash: hashOf(external_id), ...fields });
  type Account = Record<string, unknown> & { id: number };
  const accountOf = async (external_id: string, fields: object = {}) => {
    const { status, body } = await signIn(external_id, fields);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body.user as Account;
  };
  const accounts = async () => Number((await knex('users').count())[0]?.count);

  it('signs in whom the site vouches for: one account for each external id', async () => {
    const [one, other] = [newId(), newId()];
    const { body } = await signIn(one, { name: ' Ada ', email: ' ada@site.example ', language: 'de' });
    expect(body).to.include({ token_type: 'Bearer', expires_in: 900 });
    expect(body.user).to.include({
      role: 'user',
      first_name: 'Ada',
      email: 'ada@site.example',
      language: 'de',
    });
    expect(body.user).to.include({ username: null, gdpr_consent: false, data_processing_consent: false });
    const token = String(body.access_token);
    expect((await api.call('GET', '/users/me', undefined, { token })).body).to.deep.equal(body.user);
    expect(jwt.decode(token)).to.include({ role: 'user', email: null });
    expect((await accountOf(one)).id).to.equal((body.user as Account).id);
    expect((await accountOf(other)).id).to.not.equal((body.user as Account).id);
  });

  it('mends a name that would break or turn the lines of others', async () => {
    expect(await accountOf(newId(), { name: 'Ada\u202e\nLovelace\u2069' })).to.include({
      first_name: 'Ada Lovelace',
    });
    expect(await accountOf(newId(), { name: '\u202e!\u202c' })).to.include({ first_name: '!' });
    expect(await accountOf(newId(), { name: '\u202e' })).to.include({ first_name: null });
  });

  it('takes no username from those who sign in by one', async () => {
    const { body } = await signIn(newId());
    const token = String(body.access_token);
    const refused = await api.call('PATCH', '/users/me', { username: `shop${process.pid}` }, { token });
    expect([refused.status, refused.body.code]).to.deep.equal([403, 'forbidden']);
    expect((await api.call('PATCH', '/users/me', { first_name: 'Ada' }, { token })).status).to.equal(200);
  });

  it('stores what the page says anew, and keeps what it leaves out', async () => {
    const id = newId();
    await accountOf(id, { name: 'Ada', email: 'ada@site.example', language: 'de' });
    expect(await accountOf(id, { name: 'Ada L.' })).to.include({
      first_name: 'Ada L.',
      email: 'ada@site.example',
      language: 'de',
    });
  });

  it('never finds or joins an account by its e-mail address, nor keeps somebody from registering it', async () => {
    const user = await buildUser();
    const vouched = await accountOf(newId(), { email: user.email });
    expect(vouched.id).to.not.equal(user.id);
    const login = await api.call('POST', '/auth/login', { email: user.email, password: PASSWORD });
    expect(login.body.user).to.include({ id: user.id });
    const email = `late${process.pid}@example.com`;
    await accountOf(newId(), { email });
    await accountOf(newId(), { email });
    const account = { email, username: `late${process.pid}`, password: 'correct horse', gdpr_consent: true };
    expect((await api.call('POST', '/auth/register', account)).status).to.equal(201);
  });

  it('sends no token that sets a password to an address that a page said', async () => {
    const email = `victim${process.pid}@example.com`;
    const { id } = await accountOf(newId(), { email });
    await api.call('POST', '/auth/password/forgot', { email });
    expect(await knex('password_resets').where({ user_id: id })).to.deep.equal([]);
    const login = await api.call('POST', '/auth/login', { email, password: PASSWORD });
    expect(login.status).to.equal(401);
  });

  it('takes consents when the account is made, and leaves later ones to the user', async () => {
    const id = newId();
    const consents = { gdpr_consent: true, data_processing_consent: true };
    expect(await accountOf(id, consents)).to.include(consents);
    const { body } = await signIn(id, { data_processing_consent: false });
    expect(body.user).to.include(consents);
    const unasked = await signIn(newId());
    const token = String(unasked.body.access_token);
    const send = () => api.call('POST', '/chat/send', { content: 'Hi' }, { token });
    expect((await send()).body.code).to.equal('consent_required');
    await api.call('PATCH', '/users/me', { data_processing_consent: true }, { token });
    expect((await send()).status).to.equal(202);
  });

  describe('refuses, and makes no account', () => {
    const id = 'customer of the refusals';
    const forged: [string, string][] = [
      ['another id’s hash', hashOf('somebody else')],
      ['another secret’s', hashOf(id, 'guess')],
      ['an empty secret’s', hashOf(id, '')],
      ['the id', id],
      ['a part', hashOf(id).slice(0, 63)],
      ['more than it', `${hashOf(id)}0`],
      ['zeros', '0'.repeat(64)],
      ['base64', Buffer.from(hashOf(id), 'hex').toString('base64')],
      ['what is as long and not ASCII', 'é'.repeat(32)],
    ];
    for (const [what, hash] of forged)
      it(`${what} as the hash`, async () => {
        const before = await accounts();
        const { status, body } = await post({ external_id: id, hash });
        expect([status, body.code]).to.deep.equal([401, 'unauthenticated']);
        expect(await accounts()).to.equal(before);
      });

    const bad: object[] = [
      { external_id: '', hash: hashOf('') },
      { external_id: 'x'.repeat(256), hash: hashOf('x'.repeat(256)) },
      { external_id: 7, hash: hashOf('7') },
      { external_id: 'a\0b', hash: hashOf('a\0b') },
      { external_id: id },
      { hash: hashOf(id) },
      { external_id: id, hash: '' },
      { external_id: id, hash: 'x'.repeat(257) },
      { external_id: id, hash: hashOf(id), email: 'nobody' },
      { external_id: id, hash: hashOf(id), name: ' ' },
      { external_id: id, hash: hashOf(id), name: 'x'.repeat(101) },
      { external_id: id, hash: hashOf(id), language: 'german, please' },
      { external_id: id, hash: hashOf(id), role: 'admin' },
    ];
    for (const body of bad)
      it(JSON.stringify(body).slice(0, 70), async () => {
        const before = await accounts();
        expect((await post(body)).body.code).to.equal('validation_failed');
        expect(await accounts()).to.equal(before);
      });
  });

  it('takes a hash in capitals, and an id of any script as its UTF-8', async () => {
    const id = 'Kundin Zoë 顧客 😀';
    const { id: account } = await accountOf(id);
    const { body } = await post({ external_id: id, hash: hashOf(id).toUpperCase() });
    expect((body.user as Account).id).to.equal(account);
    // The same letters in another form are another id.
    expect((await accountOf(id.normalize('NFD'))).id).to.not.equal(account);
  });

  it('holds a hash by each secret of the list while it is there', async () => {
    const id = newId();
    const { id: account } = await accountOf(id);
    secrets.unshift('newest');
    expect((await accountOf(id)).id).to.equal(account);
    const renewed = await post({ external_id: id, hash: hashOf(id, 'newest') });
    expect((renewed.body.user as Account).id).to.equal(account);
    secrets.pop();
    expect((await signIn(id)).status).to.equal(401);
  });

  it('is not configured without a secret, and says which setting is missing', async () => {
    secrets.length = 0;
    const { status, body } = await signIn(newId());
    expect([status, body.code]).to.deep.equal([503, 'not_configured']);
    expect(body.detail).to.contain('WIDGET_SECRET');
  });

  itNative('makes one account of many first sign-ins at once', async () => {
    const id = newId();
    const answers = await Promise.all(Array.from({ length: 8 }, () => accountOf(id)));
    expect(new Set(answers.map((account) => account.id)).size).to.equal(1);
    const entries = await knex('audit_entries').where({ subject_id: answers[0]?.id, action: 'user.vouched' });
    expect(entries).to.have.length(1);
  });

  it('keeps the refresh token in the cookie where that is asked for', async () => {
    const id = newId();
    const answer = await post({ external_id: id, hash: hashOf(id) }, { 'x-session': 'cookie' });
    expect(answer.body).to.not.have.property('refresh_token');
    expect(answer.headers.getSetCookie().join()).to.match(/^__Host-parley_refresh=[\w-]{43};/);
  });

  it('refuses a suspended account as it refuses a wrong hash', async () => {
    const id = newId();
    const { id: account } = await accountOf(id);
    const wrong = await post({ external_id: id, hash: hashOf('other') });
    await knex('users').where({ id: account }).update({ status: 'suspended' });
    const { body } = await signIn(id);
    expect(body).to.deep.equal(wrong.body);
    expect(body.code).to.equal('unauthenticated');
  });

  it('gives no account of a site more rights than a user has', async () => {
    const [{ access: token }, { id }] = [await buildUser({ role: 'admin' }), await accountOf(newId())];
    for (const role of ['agent', 'admin']) {
      const { body } = await api.call('PATCH', `/users/${id}`, { role }, { token });
      expect(body.code).to.equal('forbidden');
    }
    const raised = await knex('users')
      .where({ id })
      .update({ role: 'admin' })
      .catch((err: Error) => err);
    expect(String(raised)).to.contain('users_credentials_check');
  });

  it('is in the audit log, refusals as well', async () => {
    const id = newId();
    const { id: account } = await accountOf(id);
    await accountOf(id);
    const entries = await knex('audit_entries').where({ subject_id: account }).orderBy('id');
    expect(entries.map(({ action }) => action)).to.deep.equal([
      'user.vouched',
      'user.signed_in',
      'user.signed_in',
    ]);
    await post({ external_id: id, hash: 'no' });
    const last = await knex('audit_entries').orderBy('id', 'desc').first();
    expect(last).to.include({ action: 'user.vouch_failed', actor_id: null, subject_id: null });
    expect(JSON.stringify(last)).to.not.contain(id);
  });
});

describe('what the widget shows before the first message', () => {
  let api: Api;
  before(async () => {
    api = await serveApi();
  });
  after(() => api.close());

  it('is the default assistant\u2019s, without its name and instructions, and nobody need sign in', async () => {
    const { status, body } = await api.call('GET', '/widget/offer?language=de&assistant=999999');
    expect(status).to.equal(200);
    expect(Object.keys(body)).to.have.members([
      'assistant_id',
      'greeting',
      'suggested_questions',
      'opens_at',
    ]);
  });

  it('says nothing of an assistant where guests are off, and refuses a malformed language', async () => {
    const { GUESTS } = env;
    Object.assign(env, { GUESTS: 'off' });
    try {
      const { body } = await api.call('GET', '/widget/offer');
      expect(body).to.include({ assistant_id: null, greeting: null });
    } finally {
      Object.assign(env, { GUESTS });
    }
    expect((await api.call('GET', '/widget/offer?language=<b>')).status).to.equal(400);
  });
});
