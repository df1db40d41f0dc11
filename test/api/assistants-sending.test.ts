import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { changeAssistant } from '../../db/models/assistant.ts';
import { type Answer, expectProblem } from '../support/api.ts';
import { buildAssistant, buildDefault, forgetAssistants } from '../support/assistants.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { send, servedWeb } from '../support/web.ts';
import { dial } from '../support/wire.ts';

describe('a message to an assistant', () => {
  const api = servedWeb();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });
  afterEach(forgetAssistants);

  const post = (body: object, key?: string): Promise<Answer> =>
    api.call(
      'POST',
      '/chat/send',
      { content: 'Hi', ...body },
      { token: user.access, headers: key === undefined ? {} : { 'idempotency-key': key } },
    );
  const conversationOf = async ({ body }: Answer) =>
    (await api.call('GET', `/conversations/${body.conversation_id}`, undefined, { token: user.access })).body;
  const archive = (id: number) => changeAssistant(id, { is_archived: true }, async () => {});
  const stored = async () =>
    (await knex('messages').where({ user_id: user.id }).count('* as messages').first())?.messages;

  it('begins a conversation with it, or with the default', async () => {
    const normal = await buildDefault();
    const { id } = await buildAssistant();
    expect(await conversationOf(await post({ assistant_id: id }))).to.include({ assistant_id: id });
    expect(await conversationOf(await post({ assistant_id: null }))).to.include({ assistant_id: normal.id });
    expect(await conversationOf(await post({}))).to.include({ assistant_id: normal.id });
  });

  it('is refused within a conversation, even to the same one', async () => {
    const { id } = await buildAssistant();
    const { conversation_id } = await send(api, user, { assistant_id: id });
    const before = await stored();
    const refused = await post({ conversation_id, assistant_id: id });
    expectProblem(refused, 400, 'validation_failed');
    expect(refused.body.errors).to.deep.equal([
      { path: '/assistant_id', message: 'must be left out: the conversation has its assistant' },
    ]);
    expect((await post({ conversation_id, assistant_id: null })).status).to.equal(202);
    expect(await stored()).to.equal(Number(before) + 2);
  });

  it('is refused where there is no such assistant, or it is archived, and stores nothing', async () => {
    const { id } = await buildAssistant();
    await archive(id);
    for (const assistant_id of [id + 1, 0, -1, 2 ** 60])
      expectProblem(await post({ assistant_id }), 404, 'not_found');
    for (const assistant_id of ['1', 1.5, true, {}])
      expectProblem(await post({ assistant_id }), 400, 'validation_failed');
    const archived = await post({ assistant_id: id });
    expectProblem(archived, 400, 'validation_failed');
    expect(archived.body.errors).to.deep.equal([
      { path: '/assistant_id', message: 'must be an assistant that is not archived' },
    ]);
    expect(await stored()).to.equal(0);
  });

  it('is the same as another only if it goes to the same assistant', async () => {
    const [one, other] = [await buildAssistant(), await buildAssistant()];
    const first = await post({ assistant_id: one.id }, 'key');
    await archive(one.id);
    const replayed = await post({ assistant_id: one.id }, 'key');
    expect(replayed.body).to.deep.equal(first.body);
    expect(replayed.headers.get('idempotency-replayed')).to.equal('true');
    expectProblem(await post({ assistant_id: other.id }, 'key'), 422, 'idempotency_key_reused');
    expectProblem(await post({}, 'key'), 422, 'idempotency_key_reused');
  });

  it('is taken and refused likewise over Socket.IO', async () => {
    const { id } = await buildAssistant();
    const device = await connectDevice(api.url, user.access);
    const begun = await device.ask('message', { content: 'Hi', assistant_id: id });
    expect(begun).to.include({ ok: true });
    expect(await conversationOf({ body: begun } as unknown as Answer)).to.include({ assistant_id: id });
    const unknown = await device.ask('message', { content: 'Hi', assistant_id: id + 1 });
    expect(unknown).to.deep.include({ ok: false });
    expect(unknown.error).to.include({ status: 404, code: 'not_found' });
    const within = { content: 'Hi', assistant_id: id, conversation_id: begun.conversation_id };
    expect((await device.ask('message', within)).error).to.include({ code: 'validation_failed' });
    device.close();
  });

  it('is taken and refused likewise over a plain WebSocket', async () => {
    const { id } = await buildAssistant();
    const wire = await dial(api.url, user.id, user.access);
    wire.socket.send(JSON.stringify({ type: 'message', content: 'Hi', assistant_id: id + 1 }));
    expect(await wire.until(() => true)).to.include({ type: 'error', code: 'not_found' });
    wire.frames.length = 0;
    wire.socket.send(JSON.stringify({ type: 'message', content: 'Hi', assistant_id: id }));
    // The next frame is answered behind it.
    wire.socket.send(JSON.stringify({ type: 'message', content: '' }));
    await wire.until(() => true);
    const begun = await knex('conversations').where({ user_id: user.id }).pluck('assistant_id');
    expect(begun).to.deep.equal([id]);
    wire.socket.terminate();
  });
});
