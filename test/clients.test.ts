import { expect } from 'chai';
import { knex } from '../db/knex.ts';
import { buildUser } from './support/factories.ts';
import { openEventSource } from './support/event-source.ts';
import { startStack, type Stack } from './support/stack.ts';
import { dial } from './support/wire.ts';

type Message = { id: number; content: string; replaces_id: number | null; replaced_by: number | null };

/** Clients of other people, as simple as they come, against the running product. */
describe('other clients', () => {
  let stack: Stack;
  before(async function () {
    this.timeout(60_000);
    stack = await startStack();
  });
  afterEach(() => stack.provider.reset());
  after(async function () {
    this.timeout(60_000);
    await stack.stop();
  });

  const messages = async (conversation: unknown, token: string) =>
    (await stack.get(`/conversations/${conversation}/messages`, token)).body.data as Message[];

  it('EventSource reads an answer to its end across a restart of the server', async function () {
    this.timeout(60_000);
    const user = await buildUser();
    const PORT = new URL((await stack.add('web')).url).port;
    const [web] = stack.of('web').slice(-1);
    stack.provider.pause(5);
    const sent = await stack.post('/chat/send', { content: 'slowly [[tokens:40]]' }, user.access);
    const { run_id, conversation_id } = sent.body;
    const source = openEventSource(`${web?.url}/api/v1/runs/${run_id}/events`, user.access);
    await source.until(({ event }) => event === 'response.delta');
    expect(await web?.stop()).to.equal(0);
    stack.provider.resume();
    await stack.add('web', { PORT });

    const end = await source.until(({ event }) => event === 'response');
    source.close();
    expect(source.connections()).to.be.at.least(2);
    expect(source.events.map(({ id }) => Number(id))).to.deep.equal(source.events.map((_, i) => i + 1));
    const deltas = source.events.filter(({ event }) => event === 'response.delta');
    const text = deltas.map(({ data }) => JSON.parse(data).delta).join('');
    expect(JSON.parse(end.data).content).to.equal(text);
    expect((await messages(conversation_id, user.access))[1]?.content).to.equal(text);
  });

  it('EventSource stops where there is nothing to read', async () => {
    const user = await buildUser();
    const url = `${stack.web[0]}/api/v1/runs/123456/events`;
    expect(await openEventSource(url, user.access).over).to.equal(404);
    expect(await openEventSource(url, 'x').over).to.equal(401);
    expect(await openEventSource(url, user.access, 'words that are no number').over).to.equal(400);
  });

  it('wscat sends a message and reads the answer on any replica', async () => {
    const user = await buildUser();
    const [one, two] = await Promise.all(stack.web.map((url) => dial(url, user.id, user.access)));
    one?.say({ type: 'message', content: 'Tell me [[tokens:30]]', language: 'en' });
    const ends = await Promise.all([one, two].map((wire) => wire?.until(({ type }) => type === 'response')));
    const { content, conversation_id, message_id, timestamp } = ends[0] as Record<string, unknown>;
    expect(timestamp).to.match(/Z$/);
    expect(ends[1]).to.deep.equal(ends[0]);
    const reply = (await messages(conversation_id, user.access))[1];
    expect(reply).to.include({ id: message_id, content });
    for (const wire of [one, two]) {
      const deltas = wire?.frames.slice(0, -1) ?? [];
      expect(deltas.map(({ type }) => type)).to.deep.equal(deltas.map(() => 'delta'));
      expect(deltas.map(({ delta }) => delta).join('')).to.equal(content);
    }

    one?.say({ type: 'message', content: 'and [[status:400]]', conversation_id });
    const failed = await two?.until(({ type }) => type === 'error');
    expect(failed).to.include({ code: 'provider_rejected', conversation_id });
    one?.say('what is this?');
    expect(await one?.until(({ code }) => code === 'malformed_json')).to.include({ type: 'error' });
    expect(two?.frames.some(({ code }) => code === 'malformed_json')).to.equal(false);
    for (const wire of [one, two]) wire?.socket.close();
  });

  it('wscat gets a regenerated answer, which replaces the old one', async () => {
    const user = await buildUser();
    const wire = await dial(stack.web[0] ?? '', user.id, user.access);
    const ask = async (content: string, conversation_id?: unknown) => {
      const { body } = await stack.post('/chat/send', { content, conversation_id }, user.access);
      await wire.until(({ type, run_id }) => type === 'response' && run_id === body.run_id);
      return body as Record<string, number>;
    };
    const first = await ask('one [[tokens:3]]');
    const second = await ask('two [[tokens:3]]', first.conversation_id);
    const again = await stack.post(`/messages/${first.reply_id}/regenerate`, {}, user.access);
    expect(again.status).to.equal(202);
    const { run_id, reply_id } = again.body as Record<string, number>;
    const end = await wire.until((frame) => frame.type === 'response' && frame.run_id === run_id);
    expect(end).to.include({ message_id: reply_id, content: 'w1 w2 w3' });

    const third = await ask('three [[echo]]', first.conversation_id);
    const { context } = await knex('runs').where({ id: third.run_id }).first();
    expect(context.message_ids).to.deep.equal([
      first.message_id,
      reply_id,
      second.message_id,
      second.reply_id,
    ]);
    const { context: before } = await knex('runs').where({ id: run_id }).first();
    expect(before.message_ids).to.deep.equal([]);
    const all = await messages(first.conversation_id, user.access);
    const prompt = JSON.parse(all.at(-1)?.content ?? '') as { role: string; content: string }[];
    expect(prompt.slice(1).map(({ role }) => role)).to.deep.equal([
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
    expect(all.find(({ id }) => id === first.reply_id)?.replaced_by).to.equal(reply_id);
    wire.socket.close();
  });
});
