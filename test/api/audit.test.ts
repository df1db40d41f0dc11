import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { gapsToGroup } from '../../db/models/faqSuggestion.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { faqSuggestions } from '../../workers/faqSuggestions.ts';
import { type Answer, type Api, call } from '../support/api.ts';
import { unguarded } from '../support/audit.ts';
import { serveEmbeddings } from '../support/embeddings.ts';
import { type BuiltUser, buildUser, PASSWORD } from '../support/factories.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

type Entry = { id: number; at: string; action: string; actor_id: number; subject_id: number } & Record<
  string,
  unknown
>;

describe('the audit log', () => {
  let api: Api;
  let admin: BuiltUser;
  let agent: BuiltUser;
  let user: BuiltUser;
  before(async () => {
    await untilReady(redis);
    api = await serveWeb();
    admin = await buildUser({ role: 'admin' });
    agent = await buildUser({ role: 'agent' });
    user = await buildUser();
  });
  beforeEach(() =>
    unguarded((trx) => trx.raw('TRUNCATE audit_log, audit_heads, audit_parts, audit_anchors')),
  );
  after(() => api.close());

  const ask = (method: string, path: string, body?: unknown, by = agent): Promise<Answer> =>
    api.call(method, path, body, { token: by.access, headers: { 'x-request-id': 'asked-here' } });
  const entries = (): Promise<Entry[]> => knex('audit_entries').orderBy('id');
  /** Checks that the log has one entry, of an act of `by`. */
  async function expectEntry(by: BuiltUser, expected: object): Promise<void> {
    const [entry, ...more] = await entries();
    expect(more).to.deep.equal([]);
    expect(entry).to.deep.include({
      actor_id: by.id,
      actor_role: by.role,
      request_id: 'asked-here',
      subject_id: null,
      details: {},
      ...expected,
    });
    expect(entry?.ip).to.match(/127\.0\.0\.1$/);
    await unguarded((trx) => trx.raw('TRUNCATE audit_log, audit_heads, audit_parts, audit_anchors'));
  }

  it('records each change of the knowledge base', async () => {
    const { body: faq } = await ask('POST', '/faqs', { question: 'Open?', answer: 'Yes.' });
    const about = { target_type: 'faq', target_id: faq.id };
    await expectEntry(agent, { action: 'faq.created', ...about });
    await ask('PUT', `/faqs/${faq.id}`, { answer: 'No.', status: 'published' });
    await expectEntry(agent, { action: 'faq.updated', ...about, details: { fields: ['answer', 'status'] } });
    await ask('DELETE', `/faqs/${faq.id}`);
    await expectEntry(agent, { action: 'faq.deleted', ...about });

    const { body: category } = await ask('POST', '/faq-categories', { name: 'Hours' });
    const on = { target_type: 'faq_category', target_id: category.id };
    await expectEntry(agent, { action: 'faq_category.created', ...on });
    await ask('PUT', `/faq-categories/${category.id}`, { name: 'Opening hours' });
    await expectEntry(agent, { action: 'faq_category.updated', ...on, details: { fields: ['name'] } });
    await ask('DELETE', `/faq-categories/${category.id}`);
    await expectEntry(agent, { action: 'faq_category.deleted', ...on });
  });

  it('records uploads and downloads', async () => {
    const { body } = await ask('POST', '/faqs/import', [{ question: 'Cat?', answer: 'Miaow.' }]);
    await expectEntry(agent, {
      action: 'faq_import.submitted',
      target_type: 'faq_import',
      target_id: body.import_id,
    });
    const file = await fetch(`${api.url}/api/v1/faqs/export?status=draft`, {
      headers: { authorization: `Bearer ${admin.access}`, 'x-request-id': 'asked-here' },
    });
    await file.text();
    await expectEntry(admin, { action: 'faq.exported', target_id: null, details: { status: 'draft' } });
  });

  it('records suggestions that were read, drafted and dismissed', async () => {
    const provider = await serveEmbeddings();
    for (const content of ['Do you ship to Norway?', 'What is the warranty on batteries?']) {
      const sent = await send(api, user, { content });
      const worker = await playWorker(user, sent);
      await worker.finish();
      const context = JSON.stringify({ passages: [], passages_unavailable: false });
      await knex('runs').where({ id: sent.run_id }).update({ context });
    }
    if (await gapsToGroup()) await faqSuggestions();
    await provider.stop();
    const { body } = await ask('GET', '/faqs/suggestions');
    const ids = (body.data as { id: number }[]).map(({ id }) => id);
    expect(ids).to.have.length(2);
    await expectEntry(agent, { action: 'faq_suggestion.listed', details: { ids } });

    await ask('POST', `/faqs/suggestions/${ids[0]}/draft`, { category_id: 999 });
    expect(await entries(), 'of a draft that failed').to.deep.equal([]);
    const { body: faq } = await ask('POST', `/faqs/suggestions/${ids[0]}/draft`, {});
    await expectEntry(agent, {
      action: 'faq.created',
      target_id: faq.id,
      details: { suggestion_id: ids[0] },
    });
    await ask('POST', `/faqs/suggestions/${ids[1]}/dismiss`);
    await expectEntry(agent, { action: 'faq_suggestion.dismissed', target_id: ids[1] });
  });

  it('records who read accounts and who had an answer explained', async () => {
    await ask('GET', '/users?limit=2', undefined, admin);
    await expectEntry(admin, { action: 'user.listed', details: { ids: [user.id, agent.id] } });
    await ask('GET', `/users/${user.id}`, undefined, admin);
    await expectEntry(admin, { action: 'user.viewed', target_id: user.id, subject_id: user.id });
    const { run_id } = await send(api, user);
    await ask('GET', `/admin/runs/${run_id}`, undefined, admin);
    const explained = { action: 'run.explained', target_type: 'run', target_id: run_id, subject_id: user.id };
    await expectEntry(admin, explained);
    await call(`${api.url}/admin/queues/runs/${run_id}`, 'GET', undefined, { token: admin.access }).catch(
      () => {},
    );
    expect(await entries()).to.have.length(1);
    expect((await entries())[0]).to.include({ action: 'run.explained', target_id: run_id });
  });

  it('does not record refused requests', async () => {
    const taken = { question: 'Q?', answer: 'A.', slug: 'taken' };
    await ask('POST', '/faqs', taken);
    await unguarded((trx) => trx.raw('TRUNCATE audit_log'));
    const refused: [string, string, unknown, BuiltUser?][] = [
      ['POST', '/faqs', { question: 'Q?', answer: 'A.' }, user],
      ['POST', '/faqs', taken],
      ['POST', '/faqs', { question: 'Q?', answer: 'A.', category_id: 999 }],
      ['PUT', '/faqs/999999', { answer: 'A.' }],
      ['DELETE', '/faqs/999999', undefined],
      ['DELETE', '/faq-categories/999999', undefined],
      ['POST', '/faqs/import', []],
      ['GET', '/users', undefined],
      ['GET', '/users/999999', undefined, admin],
      ['GET', '/admin/runs/999999', undefined, admin],
    ];
    for (const [method, path, body, by] of refused)
      expect((await ask(method, path, body, by)).status, path).to.be.within(400, 499);
    expect(await entries()).to.deep.equal([]);
  });

  it('undoes an act whose entry cannot be written', async () => {
    await knex.raw(`ALTER TABLE audit_log ADD CONSTRAINT broken CHECK (action NOT LIKE '%.%')`);
    try {
      const counted = async () => [
        await knex('faqs').count().first(),
        await knex('faq_imports').count().first(),
        await knex('users').where({ role: 'admin' }).count().first(),
      ];
      const before = await counted();
      for (const [method, path, body] of [
        ['POST', '/faqs', { question: 'Lost?', answer: 'Yes.' }],
        ['POST', '/faqs/import', [{ question: 'Lost?', answer: 'Yes.' }]],
        ['PATCH', `/users/${user.id}`, { role: 'admin' }],
        ['GET', '/users', undefined],
        ['GET', '/audit', undefined],
      ] as const)
        expect((await ask(method, path, body, admin)).status, path).to.equal(500);
      expect(await counted()).to.deep.equal(before);
    } finally {
      await knex.raw('ALTER TABLE audit_log DROP CONSTRAINT broken');
    }
  });

  it('has no entry of an act that was undone', async () => {
    const [tables, late] = [
      ['faqs', 'faq_categories', 'users'],
      'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW',
    ];
    for (const table of tables)
      await knex.raw(`CREATE CONSTRAINT TRIGGER undone AFTER INSERT OR UPDATE OR DELETE ON ${table} ${late}
        EXECUTE FUNCTION audit_refuse()`);
    try {
      for (const [method, path, body] of [
        ['POST', '/faqs', { question: 'Lost?', answer: 'Yes.' }],
        ['POST', '/faq-categories', { name: 'Lost' }],
        ['PATCH', `/users/${user.id}`, { role: 'agent' }],
        ['PATCH', '/users/me', { first_name: 'Lost' }],
      ] as const)
        expect((await ask(method, path, body, admin)).status, path).to.equal(500);
      expect(await entries()).to.deep.equal([]);
    } finally {
      for (const table of tables) await knex.raw(`DROP TRIGGER undone ON ${table}`);
    }
  });

  it('records who opened the board, was refused there, left it or changed a queue', async () => {
    const post = (path: string, by: BuiltUser, body = '') =>
      fetch(`${api.url}/admin/queues${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(body === '' && { authorization: `Bearer ${by.access}` }),
        },
        body,
      });
    for (const by of [admin, agent])
      await post('/sign-in', by, String(new URLSearchParams({ email: by.email, password: PASSWORD })));
    await post('/api/queues/completion/pause', admin);
    const leaving = await buildUser({ role: 'admin' });
    await post('/sign-out', leaving);
    expect((await entries()).map(({ action, actor_id }) => [action, actor_id])).to.deep.equal([
      ['user.signed_in', admin.id],
      ['session.board_opened', admin.id],
      ['user.signed_in', agent.id],
      ['session.board_refused', agent.id],
      // No entry of the queue: a change needs BOARD_WRITABLE.
      ['session.signed_out', leaving.id],
    ]);
  });

  describe('GET /audit', () => {
    const read = async (query = '') => {
      const { status, body } = await ask('GET', `/audit${query}`, undefined, admin);
      return { status, ...(body as { data: Entry[]; next_cursor: string | null }) };
    };
    const actions = async (query: string) => (await read(query)).data.map(({ action }) => action);
    beforeEach(async () => {
      await ask('POST', '/faqs', { question: 'One?', answer: 'Yes.' });
      await ask('GET', `/users/${user.id}`, undefined, admin);
      await ask('POST', '/faqs', { question: 'Two?', answer: 'Yes.' }, admin);
    });

    it('lists entries newest first, page by page, and records the reading', async () => {
      const first = await read('?limit=2');
      expect(first.data.map(({ action }) => action)).to.deep.equal(['faq.created', 'user.viewed']);
      const second = await read(`?limit=2&cursor=${first.next_cursor}`);
      expect(second.data.map(({ action }) => action)).to.deep.equal(['faq.created']);
      expect(second.next_cursor).to.equal(null);
      expect(await actions('?limit=2')).to.deep.equal(['audit.read', 'audit.read']);
      expect(await actions(`?action=audit.read&actor_id=${admin.id}`)).to.have.length(3);
    });

    it('filters by actor, subject, action and time', async () => {
      expect(await actions(`?actor_id=${agent.id}`)).to.deep.equal(['faq.created']);
      expect(await actions(`?subject_id=${user.id}`)).to.deep.equal(['user.viewed']);
      expect(await actions('?action=faq.created')).to.have.length(2);
      expect(await actions(`?action=faq.created&actor_id=${admin.id}`)).to.have.length(1);
      const { rows } = (await knex.raw(
        `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM audit_log ORDER BY id`,
      )) as { rows: { at: string }[] };
      const [one, two, three] = rows.map(({ at }) => at);
      expect(await actions(`?from=${two}&to=${three}`)).to.deep.equal(['user.viewed']);
      expect(await actions(`?to=${one}`)).to.deep.equal([]);
    });

    it('finds by time what was written at once, or while the clock was wrong', async () => {
      const times = {
        // Two at once, whose ids are crossed, and nothing else for hours.
        'a.crossed': '2026-11-20T10:00:00.002Z',
        'b.crossed': '2026-11-20T10:00:00.001Z',
        'c.early': '1970-01-01T00:00:00Z',
        'd.late': '2030-01-01T00:00:00Z',
        'e.later': '2026-11-20T15:00:00Z',
      };
      await unguarded((trx) => trx.raw('TRUNCATE audit_log, audit_parts'));
      await knex('audit_log').insert(
        Object.entries(times).map(([action, at]) => ({ action, at, target_type: 'x' })),
      );
      expect(await actions('?from=2026-11-20T10:00:00Z&to=2026-11-20T11:00:00Z')).to.have.members([
        'a.crossed',
        'b.crossed',
      ]);
      expect(await actions('?from=2026-11-20T09:00:00Z&to=2029-01-01T00:00:00Z')).to.include.members([
        'a.crossed',
        'b.crossed',
        'e.later',
      ]);
      expect(await actions('?from=1960-01-01T00:00:00Z&to=2031-01-01T00:00:00Z')).to.include.members(
        Object.keys(times),
      );
    });

    // Postgres cannot read the last two.
    const times = ['yesterday', '2026-11-20%C2%A009:30:00Z', `2026-11-20T09:30:00.${'1'.repeat(200)}Z`];
    const from = times.map((time) => `?from=${time}`);
    for (const query of [...from, '?actor_id=0', '?action=x', '?cursor=x', '?limit=101', '?ip=1'])
      it(`refuses ${query.slice(0, 50)}`, async () => {
        expect((await read(query)).status).to.equal(400);
      });
  });
});
