import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { findNews, newsTold } from '../../db/models/news.ts';
import { acceptMessage } from '../../db/models/run.ts';
import { rows } from '../../db/sql.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { checkEvent } from '../support/openapi.ts';
import { until } from '../support/until.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';
import { dial } from '../support/wire.ts';

type Told = { conversation_id: number; message: { id: number; content: string } };

describe('a user’s own message', () => {
  const api = servedWeb();
  let [user, agent]: BuiltUser[] = [];
  let open: { close: () => void }[] = [];
  beforeEach(async () => {
    [user, agent] = await Promise.all([buildUser(), buildUser({ role: 'agent' })]);
  });
  afterEach(() => {
    for (const one of open) one.close();
    open = [];
  });

  const ask = (method: string, path: string, body?: unknown) =>
    api.call(method, path, body, { token: user!.access });
  async function connect(who = user!): Promise<Device & { told: Told[] }> {
    const device = await connectDevice(api.url, who.access);
    open.push(device);
    const told: Told[] = [];
    device.socket.on('message', (data: Told) => {
      checkEvent('message', data);
      told.push(data);
    });
    return Object.assign(device, { told });
  }
  const contents = (told: Told[]) => told.map(({ message }) => message.content);
  const untold = () =>
    rows(
      'SELECT FROM conversation_news n JOIN conversations c ON c.id = conversation_id WHERE user_id = :id',
      {
        id: user!.id,
      },
    );
  const message = (content: string, conversation_id: number | null = null) => ({
    user_id: user!.id,
    conversation_id,
    content,
    language: null,
    metadata: {},
    multitask_strategy: 'enqueue' as const,
    idempotency_key: null,
    request_hash: content,
    request_id: null,
  });

  it('reaches all devices, posted over HTTP, a socket or a plain WebSocket, also where it joins a run', async () => {
    const [phone, tablet, desk] = [await connect(), await connect(), await connect(agent!)];
    const updates: unknown[] = [];
    desk.socket.on('inbox.updated', (data) => updates.push(data));
    const { conversation_id, message_id } = await send(api, user!, { content: 'over HTTP' });
    await until('the message is told', async () => tablet.told.length === 1);
    const { body } = await ask('GET', `/conversations/${conversation_id}/messages`);
    expect(tablet.told).to.deep.equal([{ conversation_id, message: (body.data as object[])[0] }]);
    expect(tablet.told[0]?.message.id).to.equal(message_id);

    await phone.ask('message', { content: 'over a socket', conversation_id });
    const wire = await dial(api.url, user!.id, user!.access);
    open.push({ close: () => wire.socket.close() });
    await until('the message is told', async () => tablet.told.length === 2);
    wire.say({ type: 'message', content: 'over a wire', conversation_id });
    await until('the message is told', async () => tablet.told.length === 3);
    await send(api, user!, { content: 'joined', conversation_id, multitask_strategy: 'coalesce' });
    await until('the message is told', async () => tablet.told.length === 4 && phone.told.length === 4);
    const said = ['over HTTP', 'over a socket', 'over a wire', 'joined'];
    expect([contents(tablet.told), contents(phone.told)]).to.deep.equal([said, said]);
    await until('the message is told', async () => (await untold()).length === 0);
    expect([desk.told, updates]).to.deep.equal([[], []]);
    expect(wire.frames).to.deep.equal([]);
  });

  it('is told by the reconciler where its process died after the commit, each in its place', async () => {
    const tablet = await connect();
    const first = await acceptMessage(message('one'), 10);
    const conversation_id = (first as { conversation_id: number }).conversation_id;
    for (let i = 2; i <= 45; i += 1) await acceptMessage(message(String(i), conversation_id), 100);
    expect(await untold()).to.have.length(1);
    await reconcile(0);
    await until('the message is told', async () => tablet.told.length === 45);
    expect(contents(tablet.told)).to.deep.equal([
      'one',
      ...Array.from({ length: 44 }, (_, i) => String(i + 2)),
    ]);
    expect(await untold()).to.deep.equal([]);
  });

  it('to the bot is not pushed to the agent who has the conversation now', async () => {
    const desk = await connect(agent!);
    const accepted = (await acceptMessage(message('to the bot'), 10)) as { conversation_id: number };
    const id = accepted.conversation_id;
    const taken = new Promise((resolve) => desk.socket.on('inbox.updated', resolve));
    await api.call('POST', `/inbox/${id}/take`, {}, { token: agent!.access });
    await taken;
    await ask('POST', '/chat/send', { content: 'to a person', conversation_id: id });
    await until('the message is told', async () => desk.told.length > 0);
    expect(contents(desk.told)).to.deep.equal(['to a person']);
  });

  it('and all of people reach a plain WebSocket as frames of their own', async () => {
    const { conversation_id } = await send(api, user!);
    const wire = await dial(api.url, user!.id, user!.access);
    open.push({ close: () => wire.socket.close() });
    const act = (what: string, body: object = {}) =>
      api.call('POST', `/inbox/${conversation_id}/${what}`, body, { token: agent!.access });
    const told = (status: string) =>
      wire.until((frame) => frame.type === 'conversation' && frame.status === status);
    await ask('POST', `/conversations/${conversation_id}/handoff`, {});
    expect(await told('waiting')).to.deep.equal({
      type: 'conversation',
      conversation_id,
      status: 'waiting',
      agent: null,
      available_at: null,
    });
    await act('take');
    const named = { id: agent!.id, name: agent!.username };
    expect(await told('agent')).to.deep.include({ agent: named });
    wire.say({ type: 'message', content: 'To a person', conversation_id });
    const desk = await connect(agent!);
    desk.socket.emit('typing', { conversation_id });
    expect(await wire.until(({ type }) => type === 'typing')).to.deep.equal({
      type: 'typing',
      conversation_id,
      by: 'agent',
    });
    const heard = new Promise((resolve) => desk.socket.once('typing', resolve));
    wire.say({ type: 'typing', conversation_id });
    expect(await heard).to.deep.equal({ conversation_id, by: 'user' });
    const reply = await act('reply', { content: 'A person speaks.' });
    expect(await wire.until(({ type }) => type === 'agent')).to.deep.equal({
      type: 'agent',
      content: 'A person speaks.',
      conversation_id,
      message_id: reply.body.id,
      agent: named,
      timestamp: reply.body.created_at,
    });
    await act('note', { content: 'Secretly' });
    await act('resolve');
    expect(await told('resolved')).to.deep.include({ agent: named });
    expect(new Set(wire.frames.map(({ type }) => type))).to.deep.equal(
      new Set(['conversation', 'agent', 'typing', 'error']),
    );
    expect(JSON.stringify(wire.frames)).to.not.contain('Secretly').and.not.contain('To a person');
  });

  it('of a replay or of an answer made again is not told', async () => {
    const tablet = await connect();
    const body = { content: 'once' };
    const post = () =>
      api.call('POST', '/chat/send', body, { token: user!.access, headers: { 'idempotency-key': 'k' } });
    const first = await post();
    await post();
    const worker = await playWorker(user!, first.body as never);
    await worker.say('Yes.');
    await worker.finish();
    expect((await ask('POST', `/messages/${first.body.reply_id}/regenerate`, {})).status).to.equal(202);
    await send(api, user!, { content: 'last' });
    await until('the message is told', async () => contents(tablet.told).includes('last'));
    expect(contents(tablet.told)).to.deep.equal(['once', 'last']);
  });

  it('stays owed when another process told an earlier one of the same version', async () => {
    const { conversation_id } = (await acceptMessage(message('one'), 10)) as { conversation_id: number };
    const slow = await findNews([conversation_id]);
    const fast = await findNews([conversation_id]);
    await newsTold(fast.map(({ news }) => news));
    await acceptMessage(message('two', conversation_id), 10);
    await newsTold(slow.map(({ news }) => news));
    expect(await knex('conversation_news').where({ conversation_id })).to.have.length(1);
  });
});
