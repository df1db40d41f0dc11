import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { producer, queues } from '../../shared/delivery/queues.ts';
import { untilReady } from '../../shared/delivery/redis.ts';
import { type Api, call, serveApi } from '../support/api.ts';
import { type BuiltUser, buildUser, PASSWORD } from '../support/factories.ts';
import { startProcfile } from '../../lab/kit/processes.ts';

const PAGE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('Bull Board', () => {
  let api: Api;
  let admin: BuiltUser;
  before(async () => {
    await untilReady(producer);
    api = await serveApi();
    admin = await buildUser({ role: 'admin' });
  });
  after(() => api.close());

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${api.url}/admin/queues${path}`, { redirect: 'manual', ...init });
  const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', body: new URLSearchParams(form), headers: { ...PAGE, ...headers } });
  const cookieOf = (answer: Response) => answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  async function signIn(user = admin): Promise<string> {
    return cookieOf(await post('/sign-in', { email: user.email, password: PASSWORD }));
  }

  it('shows the sign-in page to browsers and a problem to other clients', async () => {
    for (const path of ['', '/', '/queue/completion', '/api/queues', '/static/favicon.ico', '/runs/1']) {
      const page = await ask(path, { headers: PAGE });
      expect(page.status, path).to.equal(401);
      expect(await page.text()).to.contain('<form method="post" action="/admin/queues/sign-in">');
      const { status, body } = await call(`${api.url}/admin/queues${path}`);
      expect({ status, code: body.code }, path).to.deep.equal({ status: 401, code: 'unauthenticated' });
    }
  });

  it("accepts an administrator's access token and no other", async () => {
    const path = `${api.url}/admin/queues/api/queues`;
    const { status, body } = await call(path, 'GET', undefined, { token: admin.access });
    expect(status).to.equal(200);
    expect((body.queues as { name: string }[]).map(({ name }) => name)).to.deep.equal(Object.keys(queues));
    for (const role of ['user', 'agent'] as const) {
      const { access } = await buildUser({ role });
      expect((await call(path, 'GET', undefined, { token: access })).status, role).to.equal(403);
    }
  });

  it('signs a browser in with a cookie for this path only', async () => {
    const answer = await post('/sign-in', { email: admin.email, password: PASSWORD });
    expect(answer.status).to.equal(303);
    expect(answer.headers.get('location')).to.equal('/admin/queues');
    const [cookie, ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
    expect(attributes).to.include.members(['path=/admin/queues', 'samesite=strict', 'httponly']);
    const page = await ask('', { headers: { ...PAGE, cookie: cookie ?? '' } });
    expect(page.status).to.equal(200);
    expect(await page.text()).to.contain('Parley queues');

    const token = cookie?.split('=')[1] ?? '';
    expect((await api.call('GET', '/users/me', undefined, { token })).status).to.equal(401);
    const bearer = await call(`${api.url}/admin/queues/api/queues`, 'GET', undefined, { token });
    expect(bearer.status).to.equal(401);
    const swapped = { ...PAGE, cookie: `parley_board=${admin.access}` };
    expect((await ask('', { headers: swapped })).status).to.equal(401);
  });

  it('refuses a wrong password and other roles, and begins no session', async () => {
    const user = await buildUser();
    const cases: [Record<string, string>, number][] = [
      [{ email: admin.email, password: 'wrong' }, 401],
      [{ email: 'nobody@example.com', password: PASSWORD }, 401],
      [{ email: user.email, password: PASSWORD }, 403],
      [{ email: admin.email }, 400],
      [{ email: admin.email, password: PASSWORD, role: 'admin' }, 400],
      [{ email: 'x\0', password: PASSWORD }, 400],
    ];
    for (const [form, expected] of cases) {
      const answer = await post('/sign-in', form);
      expect(answer.status, JSON.stringify(form)).to.equal(expected);
      expect(answer.headers.get('set-cookie')).to.equal(null);
      expect(await answer.text()).to.contain('role="alert"');
    }
    const living = await knex('sessions').where({ user_id: user.id, revoked_at: null });
    expect(living).to.have.length(1);
  });

  it('signs out when the session, the role or the account ends', async () => {
    const other = await buildUser({ role: 'admin' });
    const status = async (cookie: string) => (await ask('', { headers: { ...PAGE, cookie } })).status;
    const cookie = await signIn(other);
    expect(await status(cookie)).to.equal(200);
    await knex('users').where({ id: other.id }).update({ role: 'user' });
    expect(await status(cookie)).to.equal(403);
    await knex('users').where({ id: other.id }).update({ role: 'admin', status: 'suspended' });
    expect(await status(cookie)).to.equal(401);
    await knex('users').where({ id: other.id }).update({ status: 'active' });
    expect(await status(cookie)).to.equal(200);
    await api.call('POST', '/auth/logout', { everywhere: true }, { token: other.access });
    expect(await status(cookie)).to.equal(401);
  });

  it('signs out by a form', async () => {
    const cookie = await signIn();
    const page = await ask('/sign-out', { headers: { ...PAGE, cookie } });
    expect(await page.text()).to.contain(admin.email);
    const out = await post('/sign-out', {}, { cookie });
    expect(out.status).to.equal(303);
    expect(out.headers.get('set-cookie')).to.match(/^parley_board=;.*expires=Thu, 01 Jan 1970/);
    expect((await ask('', { headers: { ...PAGE, cookie } })).status).to.equal(401);
  });

  it('refuses changes from other sites', async () => {
    const cookie = await signIn();
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
    ];
    for (const headers of foreign) {
      expect((await post('/sign-out', {}, { cookie, ...headers })).status).to.equal(403);
      const stranger = await post('/sign-in', { email: admin.email, password: PASSWORD }, headers);
      expect(stranger.status).to.equal(403);
    }
    expect((await ask('', { headers: { ...PAGE, cookie } })).status).to.equal(200);
    const own = { cookie, origin: api.url };
    expect((await post('/sign-out', {}, own)).status).to.equal(303);
  });

  it('changes no queue by default', async () => {
    await queues.embedding.add('embedding', { faq_ids: [] }, { jobId: 'kept' });
    const cookie = await signIn();
    const headers = { cookie, 'content-type': 'application/json' };
    const body = JSON.stringify({ jobData: { faq_ids: [1] }, name: 'embedding', data: {}, options: {} });
    for (const [method, path] of [
      ['PUT', '/api/queues/embedding/pause'],
      ['PUT', '/api/queues/embedding/empty'],
      ['PUT', '/api/queues/embedding/obliterate'],
      ['POST', '/api/queues/embedding/add'],
      ['PUT', '/api/queues/embedding/kept/clean'],
      ['PUT', '/api/queues/embedding/kept/promote'],
      ['PATCH', '/api/queues/embedding/kept/update-data'],
    ] as const) {
      const answer = await ask(path, { method, headers, body });
      expect(answer.status, path).to.be.oneOf([404, 405]);
    }
    expect((await ask('/api/queues/pause', { method: 'PUT', headers })).status).to.equal(200);
    expect(await queues.embedding.isPaused()).to.equal(false);
    expect(await queues.embedding.getWaitingCount()).to.equal(1);
    expect((await queues.embedding.getJob('kept'))?.data).to.deep.equal({ faq_ids: [] });
  });

  it('changes queues when BOARD_WRITABLE is set', async () => {
    const web = await startProcfile('web', { BOARD_WRITABLE: 'true' });
    const path = `${web.url}/admin/queues/api/queues/embedding`;
    const options = { token: admin.access };
    expect((await call(`${path}/pause`, 'PUT', undefined, options)).status).to.equal(200);
    expect(await queues.embedding.isPaused()).to.equal(true);
    expect((await call(`${path}/resume`, 'PUT', undefined, options)).status).to.equal(200);
    await web.stop();
    const noted = await knex('audit_entries')
      .where({ action: 'queue.changed', actor_id: admin.id })
      .orderBy('id');
    expect(noted.map(({ details }) => details.path)).to.deep.equal(
      ['pause', 'resume'].map((what) => `/admin/queues/api/queues/embedding/${what}`),
    );
  });

  it('has a looser content policy than the API, on its path only, and without other sites', async () => {
    const headers = { ...PAGE, cookie: await signIn() };
    const policy = (await ask('', { headers })).headers.get('content-security-policy');
    expect(policy).to.contain("style-src 'self' 'unsafe-inline'").and.contain("script-src 'self'");
    expect(policy).not.to.match(/https?:|unsafe-eval|upgrade-insecure/);
    const elsewhere = await call(`${api.url}/livez`);
    expect(elsewhere.headers.get('content-security-policy')).not.to.equal(policy);
  });

  it('links each job to its run, and explains the run without its texts', async () => {
    const user = await buildUser();
    const sent = await api.call(
      'POST',
      '/chat/send',
      { content: 'my secret question' },
      { token: user.access },
    );
    const runId = Number(sent.body.run_id);
    // Delivery follows the answer.
    while (!(await queues.completion.getJob(`run-${runId}-1`)));
    await knex('runs')
      .where({ id: runId })
      .update({
        moderation: { flagged: false, categories: [], model: 'm' },
        context: {
          message_ids: [3],
          passages: [{ faq_id: 5, question: 'secret q', answer: 'secret a', similarity: 0.5 }],
          question_cut_to: 'my secret',
          budget: 100,
          tokens: { system: 1, passages: 2, history: 3, question: 4 },
          cut: { messages: 1, passages: 0 },
          shrunk: false,
          passages_unavailable: false,
        },
      });
    const cookie = await signIn();
    const job = await ask(`/api/queues/completion/run-${runId}-1`, { headers: { cookie } });
    const { job: shown } = (await job.json()) as { job: { externalUrl: { href: string }; data: unknown } };
    expect(shown.data).to.deep.equal({ run_id: runId });
    expect(shown.externalUrl.href).to.equal(`/admin/queues/runs/${runId}`);

    const page = await ask(`/runs/${runId}`, { headers: { ...PAGE, cookie } });
    expect(page.status).to.equal(200);
    const html = await page.text();
    const { body } = await api.call('GET', `/admin/runs/${runId}`, undefined, { token: admin.access });
    expect(body).to.deep.include({ id: runId, user_id: user.id, status: 'queued', attempt: 0 });
    expect(body.context).to.deep.equal({
      message_ids: [3],
      passages: [{ faq_id: 5, similarity: 0.5 }],
      question_cut: true,
      budget: 100,
      tokens: { system: 1, passages: 2, history: 3, question: 4 },
      cut: { messages: 1, passages: 0 },
      shrunk: false,
      passages_unavailable: false,
    });
    expect(html + JSON.stringify(body)).not.to.contain('secret');
    expect((await ask('/runs/999', { headers: { ...PAGE, cookie } })).status).to.equal(404);
    const own = await api.call('GET', `/admin/runs/${runId}`, undefined, { token: user.access });
    expect(own.status).to.equal(403);
  });
});
