import { once } from 'node:events';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import type { User } from '../../db/models/user.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildSession, buildUser, PASSWORD } from '../support/factories.ts';
import { itNative } from '../support/native.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';
import { dial } from '../support/wire.ts';

describe('accounts, for administrators', () => {
  const api = servedWeb();
  let admin: BuiltUser;
  let user: BuiltUser;
  before(async () => {
    admin = await buildUser({ role: 'admin' });
  });
  beforeEach(async () => {
    user = await buildUser();
  });

  const list = async (query: string) => {
    const { body } = await api.call('GET', `/users?${query}`, undefined, { token: admin.access });
    return body as { data: User[]; next_cursor: string | null };
  };
  const patch = (id: unknown, body: unknown, by = admin) =>
    api.call('PATCH', `/users/${id}`, body, { token: by.access });
  const login = (email = user.email, password = PASSWORD) =>
    api.call('POST', '/auth/login', { email, password });
  const entriesOf = (id: number) =>
    knex('audit_entries').where({ target_id: id, target_type: 'user' }).orderBy('id');

  describe('GET /users', () => {
    it('lists all accounts newest first, page by page', async () => {
      const ids: number[] = [];
      for (let cursor = ''; ; ) {
        const page = await list(`limit=2${cursor}`);
        expect(page.data.length).to.be.at.most(2);
        ids.push(...page.data.map(({ id }) => id));
        if (page.next_cursor === null) break;
        cursor = `&cursor=${page.next_cursor}`;
      }
      const all = await knex('users').orderBy('id', 'desc').pluck('id');
      expect(ids).to.deep.equal(all);
    });

    it('finds accounts by the beginning of an address or username, and treats patterns as text', async () => {
      const found = await buildUser({ email: 'Zoë_100%@example.com', username: 'quentin' });
      const names = async (q: string) =>
        (await list(`q=${encodeURIComponent(q)}`)).data.map(({ username }) => username);
      expect(await names('ZOË_1')).to.deep.equal([found.username]);
      expect(await names('zoë_100%')).to.deep.equal([found.username]);
      expect(await names('QUENT')).to.deep.equal([found.username]);
      for (const q of ['uentin', 'zoëx', 'z%', '%', '_', '\\', "'", 'quentin%'])
        expect(await names(q), q).to.deep.equal([]);
    });

    it('filters by role and status', async () => {
      const [agent, gone] = [await buildUser({ role: 'agent' }), await buildUser({ status: 'suspended' })];
      const ids = async (query: string) => (await list(query)).data.map(({ id }) => id);
      expect(await ids('role=agent'))
        .to.include(agent.id)
        .and.not.include(user.id);
      expect(await ids('status=suspended'))
        .to.include(gone.id)
        .and.not.include(user.id);
      expect(await ids('role=agent&status=suspended')).to.deep.equal([]);
    });

    for (const query of ['role=root', 'status=', 'q=', 'limit=0', 'cursor=x', 'id=1'])
      it(`refuses ${query}`, async () => {
        const { status } = await api.call('GET', `/users?${query}`, undefined, { token: admin.access });
        expect(status).to.equal(400);
      });
  });

  it('are shown one by one without their password', async () => {
    const { body } = await api.call('GET', `/users/${user.id}`, undefined, { token: admin.access });
    expect(body).to.include({ id: user.id, email: user.email });
    expect(JSON.stringify(body)).to.not.contain('argon2');
    const none = await api.call('GET', '/users/999999', undefined, { token: admin.access });
    expect(none.status).to.equal(404);
  });

  describe('a suspension', () => {
    it('makes a sign-in fail like a wrong password', async () => {
      const wrong = await login(user.email, 'not the password');
      expect((await patch(user.id, { status: 'suspended' })).body).to.include({ status: 'suspended' });
      const right = await login();
      expect(right.status).to.equal(wrong.status).and.to.equal(401);
      expect(right.body).to.deep.equal(wrong.body);
    });

    it('ends tokens and sockets, and a reinstatement restores none of them', async () => {
      const phone = await buildSession(user);
      const device = await connectDevice(api.url, user.access);
      const wire = await dial(api.url, user.id, phone.access);
      const disconnected = once(device.socket as never, 'disconnect');
      await patch(user.id, { status: 'suspended' });
      expect((await disconnected)[0]).to.equal('io server disconnect');
      expect((await wire.closed)[0]).to.equal(4401);

      const dead = async () => {
        for (const token of [user.access, phone.access])
          expect((await api.call('GET', '/users/me', undefined, { token })).status).to.equal(401);
        for (const refresh_token of [user.refresh, phone.refresh])
          expect((await api.call('POST', '/auth/refresh', { refresh_token })).status).to.equal(401);
      };
      await dead();
      expect((await patch(user.id, { status: 'active' })).body).to.include({ status: 'active' });
      await dead();
      expect((await login()).status).to.equal(200);
    });

    it('cancels waiting and running runs', async () => {
      const first = await send(api, user);
      const worker = await playWorker(user, first);
      const second = await send(api, user, { conversation_id: first.conversation_id });
      const third = await send(api, user);
      await patch(user.id, { status: 'suspended' });
      const runs = await knex('runs').where({ user_id: user.id }).orderBy('id');
      expect(runs.map(({ id, status }) => [id, status])).to.deep.equal([
        [first.run_id, 'in_progress'],
        [second.run_id, 'cancelled'],
        [third.run_id, 'cancelled'],
      ]);
      expect(runs[0].cancel_requested_at).to.be.a('date');
      await worker.finish();
      expect(await knex('runs').where({ user_id: user.id, status: 'cancelled' })).to.have.length(3);
    });

    itNative('refuses a message that was on its way', async () => {
      // Adding a run waits for the user's row, which the suspension holds here.
      const { sent } = await knex.transaction(async (trx) => {
        await trx('users').where({ id: user.id }).forNoKeyUpdate();
        const onItsWay = api.call('POST', '/chat/send', { content: 'Hi' }, { token: user.access });
        await waitingForLock();
        await trx('users').where({ id: user.id }).update({ status: 'suspended' });
        return { sent: onItsWay };
      });
      expect((await sent).status).to.equal(401);
      expect(await knex('runs').where({ user_id: user.id })).to.deep.equal([]);
    });
  });

  it('have a new role from the next request on, with the old token', async () => {
    const faq = () => api.call('POST', '/faqs', { question: 'Q?', answer: 'A.' }, { token: user.access });
    expect((await faq()).status).to.equal(403);
    await patch(user.id, { role: 'agent' });
    expect((await faq()).status).to.equal(201);
    await patch(user.id, { role: 'user' });
    expect((await faq()).status).to.equal(403);
  });

  it('get their open sockets redialled at a new role, which the handshake reads', async () => {
    const device = await connectDevice(api.url, user.access);
    const wire = await dial(api.url, user.id, user.access);
    const again = once(device.socket as never, 'connect');
    await patch(user.id, { role: 'agent' });
    await again;
    expect((await wire.closed)[0]).to.equal(1012);
    device.close();
  });

  it('are changed by administrators only, and never by their owner', async () => {
    const agent = await buildUser({ role: 'agent' });
    for (const by of [user, agent]) {
      expect((await patch(agent.id, { role: 'admin' }, by)).status).to.equal(403);
      expect((await patch(user.id, { role: 'admin' }, by)).status).to.equal(403);
    }
    for (const change of [{ role: 'user' }, { status: 'suspended' }, { role: 'admin' }])
      expect((await patch(admin.id, change)).body).to.include({ status: 403, code: 'forbidden' });
    expect(await knex('users').where({ id: admin.id }).first()).to.include({
      role: 'admin',
      status: 'active',
    });
    expect((await patch(999_999, { role: 'agent' })).status).to.equal(404);
    await knex('users').where({ id: user.id }).update({ status: 'deleted' });
    expect((await patch(user.id, { status: 'active' })).status).to.equal(404);
  });

  for (const body of [
    {},
    { role: 'root' },
    { status: 'deleted' },
    { email: 'a@example.com' },
    { role: null },
    [],
  ])
    it(`refuses ${JSON.stringify(body)}`, async () => {
      expect((await patch(user.id, body)).status).to.equal(400);
    });

  itNative('always include an administrator, even after concurrent demotions', async () => {
    for (let round = 0; round < 10; round++) {
      const pair = [await buildUser({ role: 'admin' }), await buildUser({ role: 'admin' })] as const;
      const answers = await Promise.all([
        patch(pair[1].id, { role: 'user' }, pair[0]),
        patch(pair[0].id, round % 2 ? { role: 'user' } : { status: 'suspended' }, pair[1]),
      ]);
      const statuses = answers.map(({ status }) => status).toSorted();
      expect(statuses[0]).to.equal(200);
      // 401 when the second administrator was suspended before authentication.
      expect(statuses[1]).to.be.oneOf([401, 403]);
    }
  });

  it('have each real change recorded in the audit log', async () => {
    await patch(user.id, { role: 'agent', status: 'suspended' });
    await patch(user.id, { role: 'agent', status: 'suspended' });
    await patch(user.id, { status: 'active' });
    const entries = await entriesOf(user.id);
    expect(entries.map(({ action, details }) => [action, details])).to.deep.equal([
      ['user.role_changed', { from: 'user', to: 'agent' }],
      ['user.suspended', { from: 'active', to: 'suspended' }],
      ['user.reinstated', { from: 'suspended', to: 'active' }],
    ]);
    for (const entry of entries)
      expect(entry).to.include({ actor_id: admin.id, actor_role: 'admin', subject_id: user.id });
  });

  /** Resolves when a transaction waits for a lock. */
  async function waitingForLock(): Promise<void> {
    for (;;) {
      const { rows } = (await knex.raw('SELECT FROM pg_locks WHERE NOT granted')) as { rows: unknown[] };
      if (rows.length > 0) return;
      await new Promise((soon) => setTimeout(soon, 10));
    }
  }
});
