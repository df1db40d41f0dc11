import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { type Answer, servedApi } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { buildWebhook } from '../support/webhooks.ts';

describe('webhooks', () => {
  const settings = env as { WEBHOOK_ALLOW_PRIVATE: boolean };
  const api = servedApi();
  let admin: BuiltUser;
  before(async () => {
    admin = await buildUser({ role: 'admin' });
  });
  afterEach(async () => {
    settings.WEBHOOK_ALLOW_PRIVATE = false;
    await knex('webhooks').delete();
  });

  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    api.call(method, `/webhooks${path}`, body, { token: admin.access });
  const dataOf = ({ body }: Answer) => body.data as Record<string, unknown>[];
  const NEW = { url: 'https://hooks.invalid/a', events: ['run.completed'] };

  it('have defaults, a place and a secret that is shown once and stored sealed', async () => {
    const { status, headers, body } = await ask('POST', '', NEW);
    expect(status, JSON.stringify(body)).to.equal(201);
    expect(headers.get('location')).to.equal(`/api/v1/webhooks/${body.id}`);
    const { secret, ...shown } = body;
    expect(Buffer.from(String(secret).replace('whsec_', ''), 'base64')).to.have.length(32);
    expect(String(secret)).to.match(/^whsec_/);
    expect(shown).to.deep.include({
      ...NEW,
      description: '',
      enabled: true,
      include_content: false,
      disabled_reason: null,
      failing_since: null,
    });
    expect((await ask('GET', `/${body.id}`)).body).to.deep.equal(shown);
    expect(dataOf(await ask('GET', ''))).to.deep.equal([shown]);
    const [{ sealed }] = (await knex('webhook_secrets').where({ webhook_id: body.id })) as [
      { sealed: string },
    ];
    expect(sealed).to.match(/^v1\./).and.not.include(String(secret).slice(6, 20));
  });

  it('change by the given fields, and are gone with their deliveries when deleted', async () => {
    const { id } = (await ask('POST', '', NEW)).body;
    const changed = await ask('PUT', `/${id}`, {
      events: ['faq.published', 'user.erased'],
      description: 'CRM',
    });
    expect(changed.body).to.deep.include({
      url: NEW.url,
      events: ['faq.published', 'user.erased'],
      description: 'CRM',
    });
    expect((await ask('POST', `/${id}/test`)).status).to.equal(202);
    expect((await ask('DELETE', `/${id}`)).status).to.equal(204);
    for (const path of ['', '/deliveries']) expect((await ask('GET', `/${id}${path}`)).status).to.equal(404);
    for (const path of ['/test', '/secret', '/deliveries/1/retry'])
      expect((await ask('POST', `/${id}${path}`)).status, path).to.equal(404);
    expect((await ask('DELETE', `/${id}`)).status).to.equal(404);
    expect(await knex('webhook_deliveries').where({ webhook_id: id })).to.deep.equal([]);
    expect(await knex('webhook_secrets').where({ webhook_id: id })).to.deep.equal([]);
  });

  it('leave an entry in the audit log for every act, without a secret or a URL', async () => {
    const { id, secret } = (await ask('POST', '', NEW)).body;
    await ask('PUT', `/${id}`, { url: 'https://hooks.invalid/b', enabled: false });
    await ask('POST', `/${id}/secret`);
    const owed = await ask('POST', `/${id}/test`);
    await ask('POST', `/${id}/deliveries/${owed.body.id}/retry`);
    await ask('DELETE', `/${id}`);
    const entries = await knex('audit_entries')
      .where({ target_type: 'webhook', target_id: id })
      .orderBy('id');
    expect(entries.map(({ action }) => action)).to.deep.equal([
      'webhook.created',
      'webhook.updated',
      'webhook.secret_rotated',
      'webhook.tested',
      'webhook.redelivered',
      'webhook.deleted',
    ]);
    expect(entries.every(({ actor_id }) => actor_id === admin.id)).to.equal(true);
    expect(JSON.stringify(entries)).to.not.include(String(secret)).and.not.include('hooks.invalid');
  });

  it('are tested and sent to again by hand thirty times a minute at most', async () => {
    const tester = await buildUser({ role: 'admin' });
    const by = (path: string) => api.call('POST', `/webhooks/${path}`, undefined, { token: tester.access });
    const { id } = (await ask('POST', '', NEW)).body;
    const owed = await by(`${String(id)}/test`);
    const again = () => by(`${String(id)}/deliveries/${String(owed.body.id)}/retry`);
    for (let i = 1; i < 30; i += 1) expect((await again()).status, String(i)).to.equal(202);
    const refused = await again();
    expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
    expect((await by(`${String(id)}/test`)).status).to.equal(429);
    expect((await ask('POST', `/${String(id)}/test`)).status).to.equal(202);
  });

  it('give a new secret when asked, and say until when the previous one signs', async () => {
    const { id, secret } = (await ask('POST', '', NEW)).body;
    const { status, body } = await ask('POST', `/${id}/secret`);
    expect(status).to.equal(200);
    expect(body.secret)
      .to.match(/^whsec_/)
      .and.not.equal(secret);
    const hours = (Date.parse(String(body.previous_expires_at)) - Date.now()) / 3_600_000;
    expect(hours).to.be.within(23, 25);
    for (let i = 0; i < 15; i++) await ask('POST', `/${id}/secret`);
    expect(await knex('webhook_secrets').where({ webhook_id: id })).to.have.length(10);
    expect(await knex('webhook_secrets').where({ webhook_id: id, expires_at: null })).to.have.length(1);
  });

  it('give up what is owed when they are switched off, and forget failures when switched on', async () => {
    const { id } = (await ask('POST', '', NEW)).body;
    await ask('POST', `/${id}/test`);
    await knex('webhooks').where({ id }).update({ failing_since: new Date() });
    expect((await ask('PUT', `/${id}`, { enabled: false })).body).to.deep.include({
      enabled: false,
      disabled_reason: null,
    });
    expect(dataOf(await ask('GET', `/${id}/deliveries`))[0]).to.include({
      status: 'failed',
      error: 'switched_off',
      next_attempt_at: null,
    });
    await knex('webhooks').where({ id }).update({ disabled_reason: 'dead' });
    expect((await ask('PUT', `/${id}`, { enabled: true })).body).to.deep.include({
      enabled: true,
      disabled_reason: null,
      disabled_at: null,
      failing_since: null,
    });
  });

  it('list their deliveries by pages, the newest first', async () => {
    const { id } = (await ask('POST', '', NEW)).body;
    const ids: unknown[] = [];
    for (let i = 0; i < 3; i++) ids.push((await ask('POST', `/${id}/test`)).body.id);
    const other = await buildWebhook({ created_by: admin.id });
    await ask('POST', `/${other.id}/test`);
    const first = await ask('GET', `/${id}/deliveries?limit=2`);
    const second = await ask('GET', `/${id}/deliveries?limit=2&cursor=${first.body.next_cursor}`);
    expect([...dataOf(first), ...dataOf(second)].map((one) => one.id)).to.deep.equal(ids.toReversed());
    expect(dataOf(first)[0]).to.include({
      webhook_id: id,
      type: 'webhook.test',
      status: 'pending',
      attempts: 0,
    });
    expect(second.body.next_cursor).to.equal(null);
    // A delivery is found through its endpoint.
    expect((await ask('POST', `/${other.id}/deliveries/${ids[0]}/retry`)).status).to.equal(404);
  });

  it('are a hundred at most, also when they are added at once', async () => {
    for (let i = 0; i < 97; i++) await buildWebhook({ created_by: admin.id });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask('POST', '', NEW)));
    expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([201, 201, 201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).to.include({ code: 'conflict' });
  });

  const faults: [string, object, string][] = [
    ['no URL', { events: NEW.events }, ''],
    ['a URL that is none', { ...NEW, url: 'hooks' }, '/url'],
    ['another scheme', { ...NEW, url: 'ftp://example.org/' }, '/url'],
    ['credentials', { ...NEW, url: 'https://a:b@example.org/' }, '/url'],
    ['loopback', { ...NEW, url: 'http://127.0.0.1:9000/' }, '/url'],
    ['loopback in decimal', { ...NEW, url: 'http://2130706433/' }, '/url'],
    ['loopback in hexadecimal', { ...NEW, url: 'http://0x7f000001/' }, '/url'],
    ['loopback in octal', { ...NEW, url: 'http://0177.0.0.1/' }, '/url'],
    ['an IPv4 address within IPv6', { ...NEW, url: 'http://[::ffff:10.0.0.1]/' }, '/url'],
    ['a name of a private address', { ...NEW, url: 'https://localhost/' }, '/url'],
    ['the metadata of a cloud', { ...NEW, url: 'http://169.254.169.254/latest' }, '/url'],
    ['texts in the open', { ...NEW, url: 'http://hooks.invalid/', include_content: true }, '/url'],
    ['no events', { ...NEW, events: [] }, '/events'],
    ['an unknown event', { ...NEW, events: ['run.begun'] }, '/events/0'],
    ['an event twice', { ...NEW, events: ['run.failed', 'run.failed'] }, '/events'],
    ['an unknown field', { ...NEW, secret: 'mine' }, '/secret'],
  ];
  for (const [what, body, path] of faults)
    it(`are not added with ${what}`, async () => {
      const answer = await ask('POST', '', body);
      expect(answer.status, JSON.stringify(answer.body)).to.equal(400);
      expect(answer.body).to.include({ code: 'validation_failed' });
      expect((answer.body.errors as { path: string }[])[0]?.path).to.match(new RegExp(`^${path}`));
      expect(await knex('webhooks')).to.deep.equal([]);
    });

  it('are not changed to a private URL, nor to texts in the open', async () => {
    const { id } = (await ask('POST', '', { ...NEW, url: 'http://hooks.invalid/' })).body;
    for (const change of [{ url: 'http://10.0.0.1/' }, { include_content: true }])
      expect((await ask('PUT', `/${id}`, change)).status).to.equal(400);
    expect((await ask('GET', `/${id}`)).body).to.include({
      url: 'http://hooks.invalid/',
      include_content: false,
    });
  });

  it('may have a private URL where WEBHOOK_ALLOW_PRIVATE is true', async () => {
    settings.WEBHOOK_ALLOW_PRIVATE = true;
    const added = await ask('POST', '', { ...NEW, url: 'http://127.0.0.1:9000/', include_content: true });
    expect(added.status).to.equal(201);
  });
});
