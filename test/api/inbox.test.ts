import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { releaseLeft } from '../../db/models/people.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { onlineAmong } from '../../shared/people/presence.ts';
import { type Api } from '../support/api.ts';
import { buildDefault, forgetAssistants } from '../support/assistants.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { inTurns } from '../support/inTurns.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { checkEvent } from '../support/openapi.ts';
import { until } from '../support/until.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';

type Item = { conversation: { id: number; status: string }; unread: number; waiting_since: string | null };

describe('the inbox', () => {
  let api: Api;
  let provider: Provider;
  let [user, agent, other, admin]: BuiltUser[] = [];
  before(async () => {
    [api, provider] = await Promise.all([serveWeb(), startProvider()]);
  });
  beforeEach(async () => {
    await knex('conversations').update({ deleted_at: new Date() });
    [user, agent, other, admin] = await Promise.all([
      buildUser(),
      buildUser({ role: 'agent' }),
      buildUser({ role: 'agent' }),
      buildUser({ role: 'admin' }),
    ]);
  });
  after(() => Promise.all([api.close(), provider.stop()]));

  const ask = (who: BuiltUser | undefined, method: string, path: string, body?: unknown, headers = {}) =>
    api.call(method, path, body, { ...(who && { token: who.access }), headers });
  const act = (who: BuiltUser | undefined, id: number, what: string, body: unknown = {}, headers = {}) =>
    ask(who, 'POST', `/inbox/${id}/${what}`, body, headers);
  const list = async (query = '', who = agent) =>
    (await ask(who, 'GET', `/inbox${query}`)).body as unknown as { data: Item[]; next_cursor: string | null };
  const ids = ({ data }: { data: Item[] }) => data.map(({ conversation }) => conversation.id);
  /** A conversation that waits, with one message to a person. */
  async function waiting(of = user!, content = 'Help me'): Promise<number> {
    const { conversation_id } = await send(api, of);
    await ask(of, 'POST', `/conversations/${conversation_id}/handoff`, {});
    await ask(of, 'POST', '/chat/send', { content, conversation_id });
    return conversation_id;
  }
  async function taken(by = agent!): Promise<number> {
    const id = await waiting();
    await act(by, id, 'take');
    return id;
  }
  const actions = (conversation: number) =>
    knex('audit_entries')
      .where({ target_type: 'conversation', target_id: conversation })
      .orderBy('id')
      .pluck('action');

  describe('lists', () => {
    it('what waits, longest first, in pages, and then those whose user was answered', async () => {
      const all: number[] = [];
      for (let i = 0; i < 4; i += 1) all.push(await waiting());
      await act(agent, all[1]!, 'take');
      await act(agent, all[1]!, 'reply', { content: 'Here I am.' });
      const order = [all[0], all[2], all[3], all[1]];
      expect(ids(await list())).to.deep.equal(order);
      const first = await list('?limit=3');
      const rest = await list(`?limit=3&cursor=${first.next_cursor}`);
      expect([...ids(first), ...ids(rest)]).to.deep.equal(order);
      expect(rest.next_cursor).to.equal(null);
      await act(agent, all[0]!, 'take');
      await ask(user, 'POST', '/chat/send', { content: 'Still there?', conversation_id: all[1] });
      expect(ids(await list()), 'who was not answered keeps the place').to.deep.equal([
        all[0],
        all[2],
        all[3],
        all[1],
      ]);
    });

    it('by status and assignee', async () => {
      const [mine, theirs, nobodys] = [await taken(), await taken(other), await waiting()];
      const { conversation_id: bots } = await send(api, user!);
      const done = await taken();
      await act(agent, done, 'resolve');
      expect(ids(await list('?assignee=me'))).to.deep.equal([mine]);
      expect(ids(await list('?assignee=none'))).to.deep.equal([nobodys]);
      expect(ids(await list(`?assignee=${other!.id}`))).to.deep.equal([theirs]);
      expect(ids(await list('?status=waiting'))).to.deep.equal([nobodys]);
      expect(ids(await list('?status=agent'))).to.deep.equal([mine, theirs]);
      expect(ids(await list('?status=resolved'))).to.deep.equal([done]);
      expect(ids(await list('?status=bot'))).to.deep.equal([bots]);
      for (const query of ['?status=open', '?assignee=0', '?assignee=you', '?cursor=x', '?limit=0'])
        expect((await ask(agent, 'GET', `/inbox${query}`)).body.code, query).to.equal('validation_failed');
    });

    it('how many messages no agent was shown', async () => {
      const id = await waiting();
      await ask(user, 'POST', '/chat/send', { content: 'Hello?', conversation_id: id });
      expect((await list()).data[0]!.unread).to.equal(3);
      const { body } = await ask(agent, 'GET', `/inbox/${id}`);
      expect(body).to.include({ unread: 3, summary: null });
      expect((await list()).data[0]!.unread).to.equal(0);
    });
  });

  describe('takes', () => {
    it('for one of two agents at once; the other gets a conflict', async () => {
      const id = await waiting();
      const both = await Promise.all([act(agent, id, 'take'), act(other, id, 'take')]);
      expect(both.map(({ status, body }) => body.code ?? status)).to.have.members([200, 'conflict']);
      const winner = both[0]!.status === 200 ? agent! : other!;
      const again = await act(winner, id, 'take');
      expect([again.status, (again.body.agent as { id: number }).id]).to.deep.equal([200, winner.id]);
    });

    it('from the bot, and cancels what it says and would say', async () => {
      const running = await send(api, user!);
      const worker = await playWorker(user!, running);
      const behind = await send(api, user!, { conversation_id: running.conversation_id });
      const { status, body } = await act(agent, running.conversation_id, 'take');
      expect([status, body.status]).to.deep.equal([200, 'agent']);
      expect((await ask(user, 'GET', `/runs/${behind.run_id}`)).body.status).to.equal('cancelled');
      await worker.say('The bot goes on');
      await worker.finish();
      expect((await ask(user, 'GET', `/runs/${running.run_id}`)).body.status).to.equal('cancelled');
      expect(await actions(running.conversation_id)).to.deep.equal(['conversation.taken']);
    });

    it('for another agent, or puts back for any', async () => {
      const id = await taken();
      const given = await act(agent, id, 'assign', { agent_id: other!.id });
      expect(given.body).to.deep.include({ status: 'agent' });
      expect((given.body.agent as { id: number }).id).to.equal(other!.id);
      expect((await act(agent, id, 'reply', { content: 'Mine?' })).body.code).to.equal('conflict');
      const back = await act(agent, id, 'assign', { agent_id: null });
      expect(back.body).to.include({ status: 'waiting', agent: null });
      for (const agent_id of [user!.id, 9_999_999_999])
        expect((await act(agent, id, 'assign', { agent_id })).body.code).to.equal('validation_failed');
      expect((await act(agent, id, 'assign', {})).body.code).to.equal('validation_failed');
    });
  });

  describe('replies', () => {
    it('once for a key, as a message of its own kind', async () => {
      const id = await taken();
      const reply = (content: string) => act(agent, id, 'reply', { content }, { 'idempotency-key': 'one' });
      const [first, again] = [await reply('Hello'), await reply('Hello')];
      expect(first.status).to.equal(201);
      expect(first.body).to.include({
        message_type: 'agent',
        content: 'Hello',
        status: 'sent',
        run_id: null,
      });
      expect(again.body).to.deep.equal(first.body);
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect((await reply('Other')).body.code).to.equal('idempotency_key_reused');
      const { body } = await ask(user, 'GET', `/conversations/${id}/messages?order=desc`);
      expect((body.data as object[])[0]).to.deep.equal(first.body);
      const seen = await ask(user, 'GET', `/conversations/${id}`);
      expect(seen.body).to.include({ message_count: 4 });
    });

    it('nothing unless this agent has taken it', async () => {
      const id = await waiting();
      expect((await act(agent, id, 'reply', { content: 'Hi' })).body.code).to.equal('conflict');
      await act(other, id, 'take');
      expect((await act(agent, id, 'reply', { content: 'Hi' })).body.code).to.equal('conflict');
      for (const content of ['', ' \n', 'x'.repeat(16_001), 7, undefined])
        expect((await act(other, id, 'reply', { content })).body.code).to.equal('validation_failed');
      expect(
        (await act(other, id, 'reply', { content: 'Hi' }, { 'idempotency-key': 'k'.repeat(129) })).status,
      ).to.equal(400);
      expect((await act(agent, 9_999_999, 'reply', { content: 'Hi' })).status).to.equal(404);
    });
  });

  it('keeps notes from users and from prompts', async () => {
    const id = await taken();
    const { status, body } = await act(agent, id, 'note', { content: 'Secretly rude.' });
    expect(status).to.equal(201);
    expect(body).to.include({ content: 'Secretly rude.', conversation_id: id });
    expect((await act(agent, id, 'note', { content: 'x'.repeat(16_001) })).body.code).to.equal(
      'validation_failed',
    );
    const opened = await ask(other, 'GET', `/inbox/${id}`);
    expect(opened.body.notes).to.deep.equal([body]);
    const own = await ask(user, 'GET', `/conversations/${id}/messages`);
    expect(JSON.stringify(own.body)).to.not.contain('Secretly');
    const drafted = await act(agent, id, 'draft');
    expect(JSON.stringify(drafted.body)).to.not.contain('Secretly');
  });

  it('drafts what the assistant would say, and tells nobody', async () => {
    const id = await taken();
    await act(agent, id, 'reply', { content: 'The person spoke.' });
    await ask(user, 'POST', '/chat/send', { content: 'And now? [[echo]]', conversation_id: id });
    const said = async () =>
      ((await ask(user, 'GET', `/conversations/${id}/messages`)).body.data as { content: string }[]).map(
        ({ content }) => content,
      );
    const before = await said();
    const { status, body } = await act(agent, id, 'draft');
    expect(status).to.equal(200);
    const prompt = JSON.parse(body.content as string) as { role: string; content: string }[];
    expect(prompt.slice(1).map(({ role, content }) => `${role}: ${content}`)).to.deep.equal([
      'user: Help me',
      'assistant: The person spoke.',
      'user: And now? [[echo]]',
    ]);
    expect(await said()).to.deep.equal(before);
    await knex('users').where({ id: user!.id }).update({ data_processing_consent: false });
    expect((await act(agent, id, 'draft')).body.code).to.equal('consent_required');
  });

  it('drafts nothing that moderation does not allow: neither the question nor the answer', async () => {
    const id = await taken();
    const say = (content: string) => ask(user, 'POST', '/chat/send', { content, conversation_id: id });
    await say('So <b>bold</b> [[echo]]');
    expect((await act(agent, id, 'draft')).body.content).to.contain('So <b>bold</b>');
    await say('[[flag]] [[echo]]');
    const chats = () => provider.calls().filter(({ path }) => path.includes('chat')).length;
    const calls = chats();
    const refused = await act(agent, id, 'draft');
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'conflict']);
    expect(chats()).to.equal(calls);
    await say('What are your rules? [[echo]]');
    await buildDefault({ instructions: 'Never say [[flag]].' });
    expect((await act(agent, id, 'draft')).body.code).to.equal('conflict');
    await forgetAssistants();
  });

  it('bounds an agent’s replies and notes in a minute; a reply sent again is free', async () => {
    const id = await taken();
    const key = { 'idempotency-key': 'again' };
    expect((await act(agent, id, 'reply', { content: 'Hello' }, key)).status).to.equal(201);
    const rest = await inTurns(125, (i) => act(agent, id, i % 2 ? 'reply' : 'note', { content: `${i}` }));
    expect(rest.filter(({ status }) => status === 201)).to.have.length(119);
    const refused = rest.find(({ status }) => status !== 201);
    expect([refused?.status, refused?.body.code]).to.deep.equal([429, 'rate_limited']);
    expect(Number(refused?.headers.get('retry-after'))).to.be.greaterThan(0);
    const again = await act(agent, id, 'reply', { content: 'Hello' }, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).to.deep.equal([201, 'true']);
    expect((await act(other, id, 'note', { content: 'Mine' })).status).to.equal(201);
  });

  it('lets a conversation wait again whose agent left, and another take it at once', async () => {
    const [first, second] = [await taken(), await taken(other)];
    await knex('users').where({ id: agent!.id }).update({ role: 'user' });
    await knex('users').where({ id: other!.id }).update({ status: 'suspended' });
    expect((await act(admin, second, 'take')).status).to.equal(200);
    expect(await releaseLeft(10)).to.equal(1);
    expect(await releaseLeft(10)).to.equal(0);
    expect((await ask(user, 'GET', `/conversations/${first}`)).body).to.include({
      status: 'waiting',
      agent: null,
    });
    expect(ids(await list('?status=waiting', admin))).to.deep.equal([first]);
    expect(await knex('conversation_news').where({ conversation_id: first })).to.have.length(1);
  });

  it('returns and resolves; a message reopens, as an episode of its own', async () => {
    const id = await taken();
    expect((await act(other, id, 'return')).body.code).to.equal('conflict');
    expect((await act(other, id, 'resolve')).body.code).to.equal('conflict');
    await act(agent, id, 'reply', { content: 'Hello' });
    expect((await act(admin, id, 'return')).body).to.include({
      status: 'bot',
      agent: null,
      handoff_reason: null,
    });
    const answered = await send(api, user!, { conversation_id: id });
    expect(answered.run_id).to.be.a('number');
    expect((await act(agent, id, 'resolve', { outcome: 'solved' })).body).to.include({
      status: 'resolved',
      outcome: 'solved',
    });
    expect((await act(agent, id, 'return')).body.code).to.equal('conflict');
    await send(api, user!, { conversation_id: id });
    expect((await ask(user, 'GET', `/conversations/${id}`)).body).to.include({
      status: 'bot',
      outcome: null,
      agent: null,
    });
    const [first, second, ...more] = await knex('episodes').where({ conversation_id: id }).orderBy('id');
    expect(more).to.deep.equal([]);
    expect(first).to.include({
      agent_id: agent!.id,
      resolved_by: agent!.id,
      outcome: 'solved',
      reopened: false,
    });
    for (const at of ['handoff_at', 'taken_at', 'first_reply_at', 'returned_at', 'resolved_at'])
      expect(first[at], at).to.be.an.instanceOf(Date);
    expect(second).to.include({ reopened: true, resolved_at: null, handoff_at: null });
  });

  it('leaves every read in the audit log; the same last message once', async () => {
    const id = await waiting();
    await list();
    await list();
    await ask(agent, 'GET', `/inbox/${id}`);
    await ask(agent, 'GET', `/inbox/${id}/messages`);
    await list();
    await act(agent, id, 'take');
    await ask(user, 'POST', '/chat/send', { content: 'More', conversation_id: id });
    await list();
    expect(await actions(id)).to.deep.equal([
      'conversation.listed',
      'conversation.read',
      'conversation.read',
      'conversation.taken',
      'conversation.listed',
    ]);
    const [entry] = await knex('audit_entries').where({ action: 'conversation.read', target_id: id });
    expect(entry).to.include({ actor_id: agent!.id, subject_id: user!.id, actor_role: 'agent' });
  });

  it('forgets a conversation that its user deletes', async () => {
    const id = await waiting();
    await ask(user, 'DELETE', `/conversations/${id}`);
    expect(ids(await list())).to.deep.equal([]);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/take'],
      ['POST', '/return'],
      ['POST', '/draft'],
    ] as const)
      expect(
        (await ask(agent, method, `/inbox/${id}${path}`, method === 'POST' ? {} : undefined)).status,
      ).to.equal(404);
  });

  describe('over sockets', () => {
    let devices: Device[] = [];
    afterEach(() => {
      for (const device of devices) device.close();
      devices = [];
    });
    const connect = async (who: BuiltUser | undefined) => {
      const device = await connectDevice(api.url, who!.access);
      devices.push(device);
      return device;
    };
    const next = (device: Device, event: string, fits = (_: string) => true) =>
      new Promise<Record<string, unknown>>((resolve) =>
        device.socket.on(event, (data: Record<string, unknown>) => {
          checkEvent(event, data);
          if (fits(JSON.stringify(data))) resolve(data);
        }),
      );

    it('a reply reaches the user’s devices, and a user’s message only the agent who has it', async () => {
      const id = await taken();
      const [phone, tablet, desk, colleague] = await Promise.all([user, user, agent, other].map(connect));
      const told = [phone!, tablet!].map((device) =>
        next(device, 'message', (text) => text.includes('"Hello"')),
      );
      const reply = await act(agent, id, 'reply', { content: 'Hello' });
      for (const event of await Promise.all(told))
        expect(event).to.deep.equal({ conversation_id: id, message: reply.body });
      const overheard: unknown[] = [];
      colleague!.socket.on('message', (data) => overheard.push(data));
      // The state comes after the texts.
      const [heard, seen, state] = [
        next(desk!, 'message', (text) => text.includes('Thanks')),
        next(tablet!, 'message', (text) => text.includes('Thanks')),
        next(colleague!, 'inbox.updated', (text) =>
          text.includes(`"conversation_id":${id},"status":"agent"`),
        ),
      ];
      await ask(user, 'POST', '/chat/send', { content: 'Thanks', conversation_id: id });
      expect((await heard).message).to.deep.include({ content: 'Thanks', message_type: 'user' });
      expect((await seen).message).to.deep.equal((await heard).message);
      expect(await state).to.deep.equal({ conversation_id: id, status: 'agent', assignee_id: agent!.id });
      expect(overheard).to.deep.equal([]);
    });

    for (const [what, change] of [
      ['is an agent no more', { role: 'user' }],
      ['is suspended', { status: 'suspended' }],
    ] as const)
      it(`a user’s message does not reach the agent who had it and ${what}, from that moment on`, async () => {
        const id = await taken();
        const [desk, colleague] = await Promise.all([agent, other].map(connect));
        const overheard: unknown[] = [];
        desk!.socket.on('message', (data) => overheard.push(data));
        // The state comes after the texts.
        const state = next(colleague!, 'inbox.updated', (text) => text.includes(`"conversation_id":${id},`));
        await knex('users').where({ id: agent!.id }).update(change);
        await ask(user, 'POST', '/chat/send', { content: 'My number is 7', conversation_id: id });
        await state;
        // What was sent before comes first, if the socket is still open.
        await Promise.race([
          desk!.ask('typing', { conversation_id: id }),
          until('a new connection', async () => !desk!.socket.connected),
        ]).catch((err: unknown) => {
          if (desk!.socket.connected) throw err;
        });
        // An earlier message may still have been on its way.
        expect(JSON.stringify(overheard)).to.not.include('My number is 7');
      });

    it('typing is sent both ways, and a flood of it is dropped', async () => {
      const id = await taken();
      const [phone, desk, colleague] = await Promise.all([user, agent, other].map(connect));
      const [atDesk, onPhone] = [next(desk!, 'typing'), next(phone!, 'typing')];
      expect(await phone!.ask('typing', { conversation_id: id })).to.deep.equal({ ok: true });
      expect(await desk!.ask('typing', { conversation_id: id })).to.deep.equal({ ok: true });
      expect(await atDesk).to.deep.equal({ conversation_id: id, by: 'user' });
      expect(await onPhone).to.deep.equal({ conversation_id: id, by: 'agent' });
      const refused = (await colleague!.ask('typing', { conversation_id: id })) as {
        error: { code: string };
      };
      expect(refused.error.code).to.equal('conflict');
      const flood = await Promise.all(
        Array.from({ length: 30 }, () => phone!.ask('typing', { conversation_id: id })),
      );
      const codes = flood.map((answer) => (answer.error as { code?: string } | undefined)?.code ?? 'ok');
      expect(codes).to.include('rate_limited');
      expect(codes.filter((code) => code === 'ok').length).to.be.lessThan(15);
    });

    it('who is connected is known, and known again after Redis was emptied', async () => {
      const before = await ask(agent, 'GET', '/inbox/agents?limit=100');
      expect(before.status).to.equal(200);
      await connect(agent);
      await redis.del(`agent:online:${agent!.id}`);
      for (const until = Date.now() + 20_000; Date.now() < until; )
        if ((await onlineAmong([agent!.id, other!.id])).has(agent!.id)) break;
        else await new Promise((soon) => setTimeout(soon, 100));
      expect([...(await onlineAmong([agent!.id, other!.id]))]).to.deep.equal([agent!.id]);
    }).timeout(25_000);
  });
});
