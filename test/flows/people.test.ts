import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { row } from '../../db/sql.ts';
import { buildDefault, forgetAssistants } from '../support/assistants.ts';
import { call } from '../support/api.ts';
import { type Client, connectClient } from '../support/client.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { checkEvent } from '../support/openapi.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';

const consents = { gdpr_consent: true, data_processing_consent: true, language: 'en' };
type Event = Record<string, unknown>;

describe('people in conversations, over two replicas', function () {
  this.timeout(120_000);
  let stack: Stack;
  let open: { close: () => void }[] = [];
  before(async () => {
    await buildDefault();
    stack = await startStack();
  });
  afterEach(() => {
    for (const one of open) one.close();
    open = [];
    return stack.provider.reset();
  });
  after(async () => {
    await forgetAssistants();
    await stack.stop();
  });

  const web = (replica: number) => stack.web[replica] ?? '';
  async function connect(token: string, replica: number): Promise<Device> {
    const device = await connectDevice(web(replica), token);
    open.push(device);
    return device;
  }
  async function clientOf(user: { id: number; access: string }): Promise<Client> {
    const client = await connectClient(user, web(0), web(1));
    open.push(client);
    return client;
  }
  /** Resolves with an event that fits, from now on. */
  const next = (device: Device, event: string, fits: (data: Event) => boolean = () => true) =>
    new Promise<Event>((resolve) =>
      device.socket.on(event, (data: Event) => {
        checkEvent(event, data);
        if (fits(data)) resolve(data);
      }),
    );
  const becomes = (device: Device, status: string) =>
    next(device, 'conversation.updated', (data) => (data.conversation as Event).status === status);
  const act = (agent: BuiltUser, id: number, what: string, body: object = {}, replica = 1) =>
    stack.post(`/inbox/${id}/${what}`, body, agent.access, { web: replica });
  const statusOf = async (runId: number) =>
    (await row<{ status: string }>('SELECT status FROM runs WHERE id = :runId', { runId }))?.status;

  it('a guest asks for one, is answered, comes back to the bot, and reopens what was resolved', async () => {
    const { body } = await call(`${web(0)}/api/v1/auth/guest`, 'POST', consents);
    const guest = body as { user: { id: number }; access_token: string };
    const client = await clientOf({ id: guest.user.id, access: guest.access_token });
    const tablet = await connect(guest.access_token, 1);
    const agent = await buildUser({ role: 'agent' });
    const desk = await connect(agent.access, 1);

    const [waits, listed] = [
      becomes(tablet, 'waiting'),
      next(desk, 'inbox.updated', ({ status }) => status === 'waiting'),
    ];
    const asked = await client.send('I want to talk to a person');
    const end = (await client.end(asked.run_id)) as { event: string; data: { content: string } };
    expect(end.event).to.equal('response');
    expect(end.data.content).to.equal('I am handing this over to a person, who will answer you here.');
    const id = asked.conversation_id;
    expect((await waits).conversation).to.include({ id, handoff_reason: 'The user asks for a person.' });
    expect(await listed).to.deep.equal({ conversation_id: id, status: 'waiting', assignee_id: null });

    const taken = becomes(tablet, 'agent');
    expect((await act(agent, id, 'take')).status).to.equal(200);
    expect(((await taken).conversation as Event).agent).to.deep.equal({ id: agent.id, name: agent.username });
    const said = next(tablet, 'message');
    const reply = await act(agent, id, 'reply', { content: 'A person speaks.' });
    expect((await said).message).to.deep.equal(reply.body);
    const heard = next(desk, 'message', (data) => (data.message as Event).content === 'Good to know');
    const answer = await client.post('Good to know', { conversation_id: id });
    expect(answer.body).to.include({ status: 'with_agent', run_id: null });
    await heard;

    expect((await act(agent, id, 'return')).body).to.include({ status: 'bot' });
    const again = await client.send('And you? [[echo]]', { conversation_id: id });
    const echoed = (await client.end(again.run_id)) as { data: { content: string } };
    const prompt = JSON.parse(echoed.data.content) as { role: string; content: string }[];
    expect(prompt).to.deep.include({ role: 'assistant', content: 'A person speaks.' });
    expect(prompt).to.deep.include({ role: 'user', content: 'Good to know' });

    await act(agent, id, 'resolve');
    const reopened = becomes(tablet, 'bot');
    const last = await client.send('One more thing [[tokens:3]]', { conversation_id: id });
    await reopened;
    expect((await client.end(last.run_id)).event).to.equal('response');
    const episodes = await knex('episodes')
      .where({ conversation_id: id })
      .orderBy('id')
      .select('handoff_by', 'reopened');
    expect(episodes).to.deep.equal([
      { handoff_by: 'model', reopened: false },
      { handoff_by: null, reopened: true },
    ]);
  });

  it('a take ends the bot’s answer within a second or so, and what waits behind it never starts', async () => {
    const [client, agent] = [await clientOf(await buildUser()), await buildUser({ role: 'agent' })];
    const { run_id, conversation_id } = await client.send('Tell me [[tokens:400]] [[gap:40]]');
    await client.device.until('a delta', ({ event }) => event === 'response.delta');
    const behind = await client.send('And then [[tokens:3]]', { conversation_id });
    expect((await act(agent, conversation_id, 'take')).status).to.equal(200);
    expect((await client.end(run_id)).event).to.equal('run.cancelled');
    expect((await client.end(behind.run_id)).event).to.equal('run.cancelled');
    const { body } = await stack.get(`/runs/${behind.run_id}`, client.user.access);
    expect(body).to.include({ status: 'cancelled', started_at: null });
  });

  it('two agents who take at two replicas at once: one has it', async () => {
    const [client, one, two] = [
      await clientOf(await buildUser()),
      await buildUser({ role: 'agent' }),
      await buildUser({ role: 'agent' }),
    ];
    for (let round = 0; round < 5; round += 1) {
      const { run_id, conversation_id } = await client.send(`Round ${round} [[tokens:2]]`);
      const both = await Promise.all([
        act(one, conversation_id, 'take', {}, 0),
        act(two, conversation_id, 'take', {}, 1),
      ]);
      expect(both.map(({ status }) => status).toSorted()).to.deep.equal([200, 409]);
      await client.end(run_id);
    }
  });

  it('messages that race a handoff stand before a person or are answered, each once', async () => {
    const client = await clientOf(await buildUser());
    const first = await client.send('Begin [[tokens:2]]');
    const { conversation_id } = first;
    const posts = Array.from({ length: 12 }, (_, i) =>
      client.post(`race ${i} [[tokens:2]]`, { conversation_id, web: web(i % 2) }),
    );
    const handoff = stack.post(`/conversations/${conversation_id}/handoff`, {}, client.user.access);
    const answers = await Promise.all(posts);
    await handoff;
    for (const { status, body } of answers) {
      expect(status).to.equal(202);
      if (body.run_id === null) expect(body.status).to.equal('with_agent');
      else await client.end(Number(body.run_id));
    }
    const late = await client.post('late', { conversation_id });
    expect(late.body.run_id).to.equal(null);
    const stored = await knex('messages').where({ conversation_id, message_type: 'user' }).pluck('content');
    expect(stored.toSorted()).to.deep.equal(
      ['Begin [[tokens:2]]', 'late', ...posts.map((_, i) => `race ${i} [[tokens:2]]`)].toSorted(),
    );
    const conversation = await knex('conversations').where({ id: conversation_id }).first('status');
    expect(conversation.status).to.equal('waiting');
  });

  for (const point of ['completion.finished', 'completion.streamed', 'completion.claimed'] as const)
    it(`a worker killed at ${point}, as the model asks for a person: handed over once, and told`, async () => {
      for (const worker of stack.of('completion')) await worker.stop();
      const victim = await stack.add('completion', trapped('KILL_AT', point));
      const client = await clientOf(await buildUser());
      const waits = becomes(client.device, 'waiting');
      const { run_id, conversation_id } = await client.send('I want to talk to a person');
      expect(await fell(victim)).to.equal(run_id);
      await stack.add('completion');
      expect(((await waits).conversation as Event).id).to.equal(conversation_id);
      expect((await client.end(run_id)).event).to.equal('response');
      expect(await statusOf(run_id)).to.equal('completed');
      const [episode, ...more] = await knex('episodes').where({ conversation_id });
      expect([episode.handoff_by, more.length]).to.deep.equal(['model', 0]);
    });

  it('a worker killed in the middle of an answer that a take cancels: the run ends, and nobody answers it anew', async () => {
    for (const worker of stack.of('completion')) await worker.stop();
    const victim = await stack.add('completion', trapped('KILL_AT', 'completion.shown', 3));
    const [client, agent] = [await clientOf(await buildUser()), await buildUser({ role: 'agent' })];
    const { run_id, conversation_id } = await client.send('Tell me [[tokens:200]] [[gap:30]]');
    expect(await fell(victim)).to.equal(run_id);
    expect((await act(agent, conversation_id, 'take')).status).to.equal(200);
    await stack.add('completion');
    expect((await client.end(run_id)).event).to.equal('run.cancelled');
    expect(await statusOf(run_id)).to.equal('cancelled');
  });

  it('a web process killed right after a reply’s commit: the reply is there once and is told', async () => {
    const [client, agent] = [await clientOf(await buildUser()), await buildUser({ role: 'agent' })];
    const { run_id, conversation_id } = await client.send('Hello [[tokens:2]]');
    await client.end(run_id);
    await act(agent, conversation_id, 'take');
    const victim = await stack.add('web', trapped('KILL_AT', 'people.committed'));
    const told = next(client.device, 'message', (data) => (data.message as Event).message_type === 'agent');
    const headers = { 'idempotency-key': 'killed' };
    const path = `/api/v1/inbox/${conversation_id}/reply`;
    const body = { content: 'Once' };
    await call(`${victim.url}${path}`, 'POST', body, { token: agent.access, headers }).catch(() => {});
    await fell(victim);
    expect((await told).conversation_id).to.equal(conversation_id);
    const again = await call(`${web(1)}${path}`, 'POST', body, { token: agent.access, headers });
    expect([again.status, again.headers.get('idempotency-replayed')]).to.deep.equal([201, 'true']);
    const replies = await knex('messages').where({ conversation_id, message_type: 'agent' }).pluck('content');
    expect(replies).to.deep.equal(['Once']);
  });

  it('a user’s message reaches a device at the other replica, also when its web is killed before or while it tells', async () => {
    const user = await buildUser();
    const tablet = await connect(user.access, 1);
    const says = (content: string) =>
      next(tablet, 'message', (data) => (data.message as Event).content === content);
    const heard = says('At once [[tokens:2]]');
    const { body } = await stack.post('/chat/send', { content: 'At once [[tokens:2]]' }, user.access, {
      web: 0,
    });
    const { id } = (await heard).message as { id: number };
    expect(id).to.equal(body.message_id);
    // Behind a running answer a message is told by a row of its own; at the head of its conversation with its delivery.
    const running = { content: 'Long [[tokens:900]] [[gap:400]]', conversation_id: null };
    const { body: long } = await stack.post('/chat/send', running, user.access, { web: 0 });
    for (const [point, conversation_id] of [
      ['web.committed', null],
      ['run.delivered', null],
      ['web.committed', long.conversation_id],
      ['news.telling', long.conversation_id],
      ['news.told', long.conversation_id],
    ] as const) {
      const victim = await stack.add('web', trapped('KILL_AT', point));
      const content = `${point} of ${conversation_id} [[tokens:2]]`;
      const told = says(content);
      const post = { content, conversation_id };
      await call(`${victim.url}/api/v1/chat/send`, 'POST', post, { token: user.access }).catch(() => {});
      await fell(victim);
      await told;
    }
    await stack.post(`/runs/${long.run_id}/cancel`, {}, user.access, { web: 0 });
  });

  // The last: it teaches the workers to ask this model without tools.
  it('a model that refuses tools answers all the same', async () => {
    const client = await clientOf(await buildUser());
    for (const text of [
      'I want to talk to a person [[refuse-tools]]',
      'My tools: x does not support tools [[refuse-tools]]',
    ]) {
      const { run_id } = await client.send(text);
      expect((await client.end(run_id)).event, text).to.equal('response');
    }
    const { run_id, conversation_id } = await client.send('Hello again [[tokens:2]]');
    await client.end(run_id);
    const { body } = await stack.get(`/conversations/${conversation_id}`, client.user.access);
    expect(body.status).to.equal('bot');
  });
});
