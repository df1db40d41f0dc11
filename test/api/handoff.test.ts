import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { handOver } from '../../db/models/people.ts';
import { claimRun } from '../../db/models/run.ts';
import { reconcile } from '../../workers/housekeeping.ts';
import { buildDefault, forgetAssistants } from '../support/assistants.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { connectDevice } from '../support/device.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';

describe('handing a conversation over', () => {
  const api = servedWeb();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const ask = (method: string, path: string, body?: unknown, headers = {}) =>
    api.call(method, path, body, { token: user.access, headers });
  const handoff = (id: number, body: object = {}) => ask('POST', `/conversations/${id}/handoff`, body);
  const episodes = (conversation_id: number) =>
    knex('episodes').where({ conversation_id }).orderBy('id').select('*');

  it('makes it wait: the next message is stored without a run', async () => {
    const first = await send(api, user);
    const { status, body } = await handoff(first.conversation_id, { reason: 'My invoice is wrong.' });
    expect(status).to.equal(200);
    expect(body).to.include({ status: 'waiting', handoff_reason: 'My invoice is wrong.', agent: null });
    const sent = await ask('POST', '/chat/send', {
      content: 'Hello?',
      conversation_id: first.conversation_id,
    });
    expect(sent.status).to.equal(202);
    expect(sent.body).to.include({ run_id: null, reply_id: null, status: 'with_agent' });
    expect(sent.headers.get('location')).to.equal(`/api/v1/conversations/${first.conversation_id}/messages`);
    const { body: list } = await ask('GET', `/conversations/${first.conversation_id}/messages?order=desc`);
    expect((list.data as object[])[0]).to.include({ content: 'Hello?', message_type: 'user', run_id: null });
    const { body: conversation } = await ask('GET', `/conversations/${first.conversation_id}`);
    expect(conversation).to.include({ message_count: 3 });
  });

  it('keeps the key of a message without a run, over HTTP, sockets and a refused limit', async () => {
    const { conversation_id } = await send(api, user);
    await handoff(conversation_id);
    const body = { content: 'Once', conversation_id };
    const post = (more = {}) => ask('POST', '/chat/send', { ...body, ...more }, { 'idempotency-key': 'k' });
    const first = await post();
    const again = await post();
    expect(again.headers.get('idempotency-replayed')).to.equal('true');
    expect(again.body).to.deep.equal(first.body);
    const device = await connectDevice(api.url, user.access);
    const acknowledged = await device.ask('message', { ...body, idempotency_key: 'k' });
    expect(acknowledged).to.deep.equal({ ok: true, replayed: true, ...first.body });
    device.close();
    const other = await post({ content: 'Twice' });
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    expect(await knex('messages').where({ conversation_id, content: 'Once' })).to.have.length(1);
  });

  it('cancels what has not begun, and lets a running answer go on', async () => {
    const running = await send(api, user);
    const { conversation_id } = running;
    const worker = await playWorker(user, running);
    const behind = await send(api, user, { conversation_id });
    await handoff(conversation_id);
    const waited = await ask('GET', `/runs/${behind.run_id}`);
    expect(waited.body).to.include({ status: 'cancelled' });
    await worker.say('Nearly done.');
    await worker.finish();
    const answered = await ask('GET', `/runs/${running.run_id}`);
    expect(answered.body).to.include({ status: 'completed' });
    expect((await ask('GET', `/conversations/${conversation_id}`)).body).to.include({ status: 'waiting' });
  });

  it('ends a run that its worker gave back: none begins again', async () => {
    const sent = await send(api, user);
    await playWorker(user, sent);
    await handoff(sent.conversation_id);
    await knex('runs').where({ id: sent.run_id }).update({ status: 'queued', lease_until: null });
    expect(await claimRun(sent.run_id, { leaseMs: 1_000, crashLimit: 3 })).to.include({ outcome: 'ended' });
  });

  it('changes nothing the second time, and not for others', async () => {
    const { conversation_id } = await send(api, user);
    await handoff(conversation_id, { reason: 'one' });
    expect((await handoff(conversation_id, { reason: 'two' })).body).to.include({ handoff_reason: 'one' });
    const stranger = await buildUser();
    expect(await handOver(conversation_id, stranger.id, null)).to.equal(undefined);
    for (const reason of [' ', 'x'.repeat(501), 7])
      expect((await handoff(conversation_id, { reason })).body).to.include({ code: 'validation_failed' });
  });

  it('refuses another answer to an old question', async () => {
    const sent = await send(api, user);
    const worker = await playWorker(user, sent);
    await worker.say('Yes.');
    await worker.finish();
    await handoff(sent.conversation_id);
    const again = await ask('POST', `/messages/${sent.reply_id}/regenerate`, {});
    expect([again.status, again.body.code]).to.deep.equal([409, 'conflict']);
  });

  it('follows unanswered questions in a row, as many as the assistant says', async () => {
    await buildDefault({ handoff: { enabled: true, after_unanswered: 2 } });
    const answer = async (conversation_id: number | null, sources: object[]) => {
      const sent = await send(api, user, { conversation_id });
      const worker = await playWorker(user, sent);
      await worker.say('Hm.');
      await worker.finish({ sources: sources as never });
      const { body } = await ask('GET', `/conversations/${sent.conversation_id}`);
      return { id: sent.conversation_id, ...body } as { id: number; status: string; handoff_reason: string };
    };
    const known = [{ faq_id: 1, question: 'Q?', similarity: 0.9 }];
    const { id } = await answer(null, []);
    expect((await answer(id, known)).status).to.equal('bot');
    expect((await answer(id, [])).status).to.equal('bot');
    expect(await answer(id, [])).to.include({ status: 'waiting', handoff_reason: 'unanswered' });
    const [episode] = await episodes(id);
    expect(episode).to.include({ handoff_by: 'unanswered' });
    await forgetAssistants();
  });

  it('is told to the user’s devices and to agents, by the reconciler where nobody else does', async () => {
    const agent = await buildUser({ role: 'agent' });
    const [device, desk] = await Promise.all([
      connectDevice(api.url, user.access),
      connectDevice(api.url, agent.access),
    ]);
    const heard: unknown[] = [];
    device.socket.on('conversation.updated', (data) => heard.push(data));
    const { conversation_id } = await send(api, user);
    const updated = new Promise((resolve) =>
      desk.socket.on('inbox.updated', (data: { conversation_id: number }) => {
        if (data.conversation_id === conversation_id) resolve(data);
      }),
    );
    // As a process that died right after its commit.
    await handOver(conversation_id, user.id, null);
    await reconcile(0);
    expect(await updated).to.deep.equal({ conversation_id, status: 'waiting', assignee_id: null });
    const { body } = await ask('GET', `/conversations/${conversation_id}`);
    expect(heard).to.deep.equal([{ conversation: body }]);
    expect(await knex('conversation_news').where({ conversation_id })).to.deep.equal([]);
    device.close();
    desk.close();
  });

  it('leaves an episode for each conversation', async () => {
    const { conversation_id } = await send(api, user);
    await handoff(conversation_id, { reason: 'Help' });
    const [episode, ...more] = await episodes(conversation_id);
    expect(more).to.deep.equal([]);
    expect(episode).to.include({
      user_id: user.id,
      reopened: false,
      handoff_by: 'user',
      handoff_reason: 'Help',
    });
    expect(episode.handoff_at).to.be.an.instanceOf(Date);
  });
});
