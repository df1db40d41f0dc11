import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { historyBefore } from '../../db/models/message.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { playWorker, send, type Sent, servedWeb } from '../support/web.ts';
import { dial } from '../support/wire.ts';

const coalesce = { multitask_strategy: 'coalesce' };

describe('a message that may join a run', () => {
  const api = servedWeb();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const post = (body: object, key?: string) =>
    api.call('POST', '/chat/send', body, {
      token: user.access,
      ...(key && { headers: { 'idempotency-key': key } }),
    });
  const join = (conversation_id: number, content: string, more: object = {}) =>
    send(api, user, { conversation_id, content, ...coalesce, ...more });
  const runs = () => knex('runs').where({ user_id: user.id }).orderBy('id').pluck('id');
  const list = async (conversation_id: number, query = '') => {
    const path = `/conversations/${conversation_id}/messages${query}`;
    const { body } = await api.call('GET', path, undefined, { token: user.access });
    return body as { data: { id: number; content: string; run_id: number }[]; next_cursor: string | null };
  };

  it('gets the run and the reply of the message before it', async () => {
    const first = await send(api, user, { content: 'one' });
    const { status, body, headers } = await post({
      ...coalesce,
      content: 'two',
      conversation_id: first.conversation_id,
    });
    expect(status).to.equal(202);
    expect(headers.get('location')).to.equal(`/api/v1/runs/${first.run_id}`);
    expect(body).to.deep.equal({ ...first, message_id: body.message_id, status: 'joined' });
    expect(body.message_id).to.be.greaterThan(first.reply_id);
    expect(await runs()).to.deep.equal([first.run_id]);
    const [joined] = await knex('messages').where({ id: body.message_id });
    expect(joined).to.include({ run_id: first.run_id, content: 'two', message_type: 'user', status: 'sent' });
    const { body: conversation } = await api.call(
      'GET',
      `/conversations/${first.conversation_id}`,
      undefined,
      {
        token: user.access,
      },
    );
    expect(conversation.message_count).to.equal(3);
  });

  it('begins a run where none waits, and where it begins a conversation', async () => {
    const first = await send(api, user, { content: 'one', ...coalesce });
    expect(first.status).to.equal('queued');
    await (await playWorker(user, first)).finish();
    const next = await join(first.conversation_id, 'two');
    expect(next.status).to.equal('queued');
    expect(next.run_id).not.to.equal(first.run_id);
  });

  it('waits behind a run that was claimed, and others join it there', async () => {
    const first = await send(api, user, { content: 'one' });
    const worker = await playWorker(user, first);
    const second = await join(first.conversation_id, 'two');
    expect(second).to.include({ status: 'queued' });
    const third = await join(first.conversation_id, 'three');
    expect(third).to.include({ status: 'joined', run_id: second.run_id, reply_id: second.reply_id });
    expect(await runs()).to.have.length(2);
    await worker.finish();
    // Promoted, and not claimed yet.
    const fourth = await join(first.conversation_id, 'four');
    expect(fourth).to.include({ status: 'joined', run_id: second.run_id });
  });

  it('joins the newest of the runs that wait, so that the order stays', async () => {
    const first = await send(api, user, { content: 'one' });
    const second = await send(api, user, { content: 'two', conversation_id: first.conversation_id });
    expect(await join(first.conversation_id, 'three')).to.include({ run_id: second.run_id });
  });

  it('does not join a run that was cancelled, nor one that answers again', async () => {
    const first = await send(api, user, { content: 'one' });
    const { conversation_id } = first;
    await (await playWorker(user, first)).finish({ content: 'an answer' });
    const again = await api.call('POST', `/messages/${first.reply_id}/regenerate`, undefined, {
      token: user.access,
    });
    expect(again.status).to.equal(202);
    const second = await join(conversation_id, 'two');
    expect(second.status).to.equal('queued');
    await api.call('POST', `/runs/${second.run_id}/cancel`, undefined, { token: user.access });
    const third = await join(conversation_id, 'three');
    expect(third.status).to.equal('queued');
    expect(await runs()).to.have.length(4);
  });

  it('lists the reply after the last message that it answers, from both ends and across pages', async () => {
    const first = await send(api, user, { content: 'one' });
    const { conversation_id } = first;
    await join(conversation_id, 'two');
    await join(conversation_id, 'three');
    await (await playWorker(user, first)).finish({ content: 'answer' });
    await send(api, user, { content: 'four', conversation_id });
    const order = ['one', 'two', 'three', 'answer', 'four', ''];
    const texts = async (query: string) => (await list(conversation_id, query)).data.map((m) => m.content);
    expect(await texts('')).to.deep.equal(order);
    expect(await texts('?order=desc')).to.deep.equal(order.toReversed());
    for (const way of ['asc', 'desc']) {
      for (const limit of [1, 2, 3]) {
        const seen: string[] = [];
        for (let cursor: string | null = ''; cursor !== null; ) {
          const more: string = cursor && `&cursor=${cursor}`;
          const page: Awaited<ReturnType<typeof list>> = await list(
            conversation_id,
            `?order=${way}&limit=${limit}${more}`,
          );
          seen.push(...page.data.map((m) => m.content));
          cursor = page.next_cursor;
        }
        expect(seen, `${way} by ${limit}`).to.deep.equal(way === 'asc' ? order : order.toReversed());
      }
    }
  });

  it('is recognised by its key, with the answer of the first time', async () => {
    const first = await send(api, user, { content: 'one' });
    const body = { ...coalesce, content: 'two', conversation_id: first.conversation_id };
    const joined = await post(body, 'k');
    expect(joined.body.status).to.equal('joined');
    await (await playWorker(user, first)).finish();
    const again = await post(body, 'k');
    expect(again.status).to.equal(202);
    expect(again.headers.get('idempotency-replayed')).to.equal('true');
    expect(again.body).to.deep.equal(joined.body);
    const other = await post({ ...body, content: 'another' }, 'k');
    expect(other.body).to.include({ status: 422, code: 'idempotency_key_reused' });
    const strategy = await post({ ...body, multitask_strategy: 'enqueue' }, 'k');
    expect(strategy.body.code).to.equal('idempotency_key_reused');
    const [count] = await knex('messages').where({ user_id: user.id }).count('* as n');
    expect(count).to.deep.equal({ n: 3 });
  });

  it('joins once when two copies come at the same time', async () => {
    const first = await send(api, user, { content: 'one' });
    const body = { ...coalesce, content: 'two', conversation_id: first.conversation_id };
    const answers = await Promise.all([1, 2, 3, 4].map(() => post(body, 'same')));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).to.equal(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).to.have.length(3);
  });

  it('makes one run of a burst that comes at once', async () => {
    const first = await send(api, user, { content: '0' });
    const burst = Array.from({ length: 12 }, (_, i) => join(first.conversation_id, `${i + 1}`));
    const joined = await Promise.all(burst);
    expect(new Set(joined.map(({ run_id }) => run_id))).to.deep.equal(new Set([first.run_id]));
    const [run] = await knex('runs').where({ id: first.run_id });
    const ids = joined.map(({ message_id }) => message_id).toSorted((a, b) => a - b);
    expect(run.joined_ids).to.deep.equal(ids);
  });

  it('is refused where the run has no room, and stores nothing then', async () => {
    const first = await send(api, user, { content: 'x'.repeat(16_000) });
    for (let i = 0; i < 3; i += 1) await join(first.conversation_id, 'x'.repeat(16_000));
    const refused = await post({ ...coalesce, content: 'y', conversation_id: first.conversation_id }, 'full');
    expect(refused.body).to.include({ status: 429, code: 'too_many_waiting_runs' });
    expect(refused.headers.get('retry-after')).to.match(/^\d+$/);
    expect((await list(first.conversation_id)).data).to.have.length(5);
  });

  it("keeps to the user's own conversations, and to consent", async () => {
    const stranger = await buildUser();
    const theirs = await send(api, stranger, { content: 'theirs' });
    const foreign = await post({ ...coalesce, content: 'mine', conversation_id: theirs.conversation_id });
    expect(foreign.body.code).to.equal('not_found');
    const first = await send(api, user, { content: 'one' });
    await knex('users').where({ id: user.id }).update({ data_processing_consent: false });
    const refused = await post({ ...coalesce, content: 'two', conversation_id: first.conversation_id });
    expect(refused.body.code).to.equal('consent_required');
    expect((await list(first.conversation_id)).data).to.have.length(2);
  });

  it('is cancelled with its run, and an interrupt cancels it too', async () => {
    const first = await send(api, user, { content: 'one' });
    const { conversation_id } = first;
    const joined = await join(conversation_id, 'two');
    const next = await send(api, user, {
      content: 'three',
      conversation_id,
      multitask_strategy: 'interrupt',
    });
    const { body } = await api.call('GET', `/runs/${joined.run_id}`, undefined, { token: user.access });
    expect(body.status).to.equal('cancelled');
    expect(next.run_id).not.to.equal(joined.run_id);
    expect((await join(conversation_id, 'four')).run_id).to.equal(next.run_id);
  });

  it('joins over a socket and over a plain WebSocket', async () => {
    const first = await send(api, user, { content: 'one' });
    const { conversation_id } = first;
    const device = await connectDevice(api.url, user.access);
    const message = { content: 'two', conversation_id, ...coalesce, idempotency_key: 's' };
    const joined = await device.ask('message', message);
    expect(joined).to.include({ ok: true, status: 'joined', run_id: first.run_id, reply_id: first.reply_id });
    const replayed = await device.ask('message', message);
    expect(replayed).to.deep.equal({ ...joined, replayed: true });
    device.close();

    const wire = await dial(api.url, user.id, user.access);
    wire.socket.send(
      JSON.stringify({
        type: 'message',
        content: 'three',
        conversation_id,
        ...coalesce,
        idempotency_key: 'w',
      }),
    );
    wire.socket.send('no JSON');
    // The refusal of the next frame says that the message was taken.
    await wire.until(({ code }) => code === 'malformed_json');
    wire.socket.terminate();
    const kept = (await list(conversation_id)).data.map(({ content, run_id }) => [content, run_id]);
    expect(kept).to.deep.equal(['one', 'two', 'three', ''].map((content) => [content, first.run_id]));
  });

  it('keeps the order in the history of a later prompt', async () => {
    const first = await send(api, user, { content: 'one' });
    const { conversation_id } = first;
    await join(conversation_id, 'two');
    await knex('runs')
      .where({ id: first.run_id })
      .update({ moderation: { flagged: false, parts: 2 } });
    await (await playWorker(user, first)).finish({ content: 'answer' });
    const next: Sent = await send(api, user, { content: 'three', conversation_id });
    const before = async (limit: number) =>
      (await historyBefore(conversation_id, next.message_id, limit)).map(({ content }) => content);
    expect(await before(10)).to.deep.equal(['answer', 'two', 'one']);
    expect(await before(2)).to.deep.equal(['answer', 'two']);
  });
});
