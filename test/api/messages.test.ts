import { once } from 'node:events';
import { expect } from 'chai';
import { io, type Socket } from 'socket.io-client';
import { knex } from '../../db/knex.ts';
import { historyBefore, messageTexts } from '../../db/models/message.ts';
import { type MessageRow, markMessage } from '../../db/models/messageView.ts';
import { type Answer, expectProblem } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { inTurns } from '../support/inTurns.ts';
import { playWorker, send, type Sent, servedWeb } from '../support/web.ts';

const NO_IDS = ['0', '-1', 'x', '1.5', '1e3', '%00', '9007199254740993', '99999999999999999999'];

describe('messages', () => {
  const api = servedWeb();
  let user: BuiltUser;
  let stranger: BuiltUser;
  before(async () => {
    stranger = await buildUser();
  });
  beforeEach(async () => {
    user = await buildUser();
  });

  const call = (method: string, path: string, body?: unknown, options: object = {}) =>
    api.call(method, `/messages${path}`, body, { token: user.access, ...options });
  const stored = async (id: number) => (await knex('messages').where({ id }).first()) as MessageRow;
  /** Sends a message, or takes a sent one, and answers it. */
  async function answered(text: string, body: object | Sent = {}): Promise<Sent> {
    const sent = 'run_id' in body ? body : await send(api, user, body);
    const worker = await playWorker(user, sent);
    if (text !== '') await worker.say(text);
    await worker.finish();
    await worker.announce();
    return sent;
  }
  async function regenerate(id: number, key?: string): Promise<Answer> {
    return call('POST', `/${id}/regenerate`, undefined, key ? { headers: { 'Idempotency-Key': key } } : {});
  }
  async function regenerated(id: number): Promise<Sent> {
    const { status, body } = await regenerate(id);
    expect(status, JSON.stringify(body)).to.equal(202);
    return body as Sent;
  }

  describe('delivered and read', () => {
    let socket: Socket;
    beforeEach(async () => {
      socket = io(api.url, { auth: { token: user.access }, transports: ['websocket'], forceNew: true });
      await once(socket as never, 'connect');
    });
    afterEach(() => socket.disconnect());
    const tell = (event: string, payload: unknown) =>
      socket.timeout(5_000).emitWithAck(event, payload) as Promise<{ ok: boolean; error?: { code: string } }>;

    it('only move forward, for replies and questions, and keep their first times', async () => {
      const { message_id, reply_id } = await answered('Hello');
      for (const id of [message_id, reply_id]) {
        expect(await stored(id)).to.deep.include({ status: 'sent', delivered_at: null, read_at: null });
        expect(await tell('delivered', { message_id: id })).to.deep.equal({ ok: true });
        const delivered = await stored(id);
        expect(delivered).to.deep.include({ status: 'delivered', read_at: null });
        expect(delivered.delivered_at).to.be.an.instanceOf(Date);
        expect(await tell('delivered', { message_id: id })).to.deep.equal({ ok: true });
        expect(await stored(id)).to.deep.equal(delivered);

        expect(await tell('read', { message_id: id })).to.deep.equal({ ok: true });
        const read = await stored(id);
        expect(read).to.deep.include({ status: 'read', delivered_at: delivered.delivered_at });
        expect(read.read_at).to.be.an.instanceOf(Date);
        for (const event of ['delivered', 'read']) await tell(event, { message_id: id });
        expect(await stored(id)).to.deep.equal(read);
      }
    });

    it('read implies delivered', async () => {
      const { reply_id } = await answered('Hello');
      await tell('read', { message_id: reply_id });
      const { status, delivered_at, read_at } = await stored(reply_id);
      expect([status, delivered_at !== null, read_at !== null]).to.deep.equal(['read', true, true]);
    });

    it('do not change a reply that is not sent', async () => {
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      for (const event of ['delivered', 'read']) {
        expect(await tell(event, { message_id: sent.reply_id })).to.deep.equal({ ok: true });
      }
      expect((await stored(sent.reply_id)).status).to.equal('streaming');
      await worker.finish({ status: 'failed', error: { code: 'x', message: 'x' } });
      await tell('delivered', { message_id: sent.reply_id });
      expect(await stored(sent.reply_id)).to.deep.include({ status: 'failed', delivered_at: null });
    });

    it("are 404 for others' messages and for deleted conversations", async () => {
      const { conversation_id, reply_id } = await answered('Hello');
      for (const event of ['delivered', 'read']) {
        for (const id of [2 ** 52, 0, -1, 1e300])
          expect((await tell(event, { message_id: id })).error?.code).to.equal('not_found');
        for (const payload of [undefined, null, 'x', [], {}, { message_id: '1' }, { message_id: 1, more: 1 }])
          expect((await tell(event, payload)).error?.code).to.equal('validation_failed');
      }
      expect(await markMessage(reply_id, stranger.id, 'delivered')).to.equal(false);
      expect((await stored(reply_id)).status).to.equal('sent');
      await api.call('DELETE', `/conversations/${conversation_id}`, undefined, { token: user.access });
      expect((await tell('delivered', { message_id: reply_id })).error?.code).to.equal('not_found');
    });

    it('end at the furthest step, however many come at once', async () => {
      const { reply_id } = await answered('Hello');
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => tell(i % 2 ? 'read' : 'delivered', { message_id: reply_id })),
      );
      expect((await stored(reply_id)).status).to.equal('read');
    });
  });

  describe('regenerate', () => {
    it('answers 202 with a new run and a new reply to the same question', async () => {
      const first = await answered('one', { language: 'de' });
      const { status, headers, body } = await regenerate(first.reply_id);
      expect(status).to.equal(202);
      expect(headers.get('location')).to.equal(`/api/v1/runs/${body.run_id}`);
      expect(Object.keys(body).join(' ')).to.equal('conversation_id message_id reply_id run_id status');
      expect(body).to.include({
        conversation_id: first.conversation_id,
        message_id: first.message_id,
        status: 'queued',
      });
      expect(body.run_id).to.not.equal(first.run_id);
      expect(await knex('runs').where({ id: body.run_id }).first()).to.include({
        user_id: user.id,
        status: 'queued',
        generation: 1,
        language: 'de',
        reply_id: body.reply_id,
      });
      await answered('two', body as Sent);

      const path = `/conversations/${first.conversation_id}`;
      const list = await api.call('GET', `${path}/messages`, undefined, { token: user.access });
      const shown = (list.body.data as MessageRow[]).map(({ id, content, status: state, ...rest }) => ({
        id,
        content,
        state,
        replaces_id: rest.replaces_id,
        replaced_by: rest.replaced_by,
      }));
      const { reply_id } = body as Sent;
      expect(shown).to.deep.equal([
        { id: first.message_id, content: 'Hi', state: 'sent', replaces_id: null, replaced_by: null },
        { id: first.reply_id, content: 'one', state: 'sent', replaces_id: null, replaced_by: reply_id },
        { id: reply_id, content: 'two', state: 'sent', replaces_id: first.reply_id, replaced_by: null },
      ]);
      const conversation = await api.call('GET', path, undefined, { token: user.access });
      expect(conversation.body).to.include({ message_count: 3, total_tokens: 14 });
    });

    it('makes the newest alternative count, no matter which reply it replaces', async () => {
      const first = await answered('one');
      const second = await answered('two', await regenerated(first.reply_id));
      const third = await answered('three', await regenerated(first.reply_id));
      const path = `/conversations/${first.conversation_id}/messages`;
      const list = await api.call('GET', path, undefined, { token: user.access });
      const links = (list.body.data as MessageRow[]).map((m) => [m.replaces_id, m.replaced_by]);
      expect(links.slice(1)).to.deep.equal([
        [null, third.reply_id],
        [first.reply_id, third.reply_id],
        [first.reply_id, null],
      ]);
      const next = await send(api, user, { conversation_id: first.conversation_id });
      const history = await historyBefore(first.conversation_id, next.message_id, 10);
      expect(history.map(({ content }) => content)).to.deep.equal(['three', 'Hi']);
      expect(second.message_id).to.equal(first.message_id);
    });

    it('keeps the order of the conversation in the prompt', async () => {
      const q1 = await answered('a1', { content: 'q1' });
      const { conversation_id } = q1;
      const q2 = await answered('a2', { content: 'q2', conversation_id });
      const again = await answered('a1, better', await regenerated(q1.reply_id));
      const q3 = await send(api, user, { content: 'q3', conversation_id });
      const texts = async (before: number, limit = 10) =>
        (await historyBefore(conversation_id, before, limit)).map(({ content }) => content);
      expect(await texts(q3.message_id)).to.deep.equal(['a2', 'q2', 'a1, better', 'q1']);
      expect(await texts(q3.message_id, 3)).to.deep.equal(['a2', 'q2', 'a1, better']);
      // The history before a question contains the newest replies to the earlier questions.
      expect(await texts(q2.message_id)).to.deep.equal(['a1, better', 'q1']);
      expect(await texts(q1.message_id)).to.deep.equal([]);
      const ids = [q1.message_id, again.reply_id, q2.message_id];
      expect((await messageTexts(ids)).map(({ id }) => id)).to.deep.equal(ids);
    });

    it('leaves a question out that ended before a verdict allowed it', async () => {
      const first = await send(api, user, { content: 'not judged' });
      const { conversation_id, run_id } = first;
      await api.call('POST', `/runs/${run_id}/cancel`, undefined, { token: user.access });
      const next = await send(api, user, { content: 'next', conversation_id });
      expect(await historyBefore(conversation_id, next.message_id, 10)).to.deep.equal([]);
    });

    it('falls back to an older reply while the newest has no text', async () => {
      const first = await answered('one');
      const again = await regenerated(first.reply_id);
      const next = await send(api, user, { conversation_id: first.conversation_id });
      const newest = async () => (await historyBefore(first.conversation_id, next.message_id, 1))[0]?.content;
      expect(await newest()).to.equal('one');
      await (await playWorker(user, again)).finish({ status: 'failed', error: { code: 'x', message: 'x' } });
      expect(await newest()).to.equal('one');
      const { run_id } = await answered(
        'two',
        await regenerated(again.reply_id).then(async (sent) => {
          // The run waits behind the later message.
          expect((await knex('runs').where({ id: sent.run_id }).first()).status).to.equal('waiting');
          await answered('next', next);
          return sent;
        }),
      );
      expect(run_id).to.be.greaterThan(next.run_id);
      expect(await newest()).to.equal('two');
    });

    it('shares idempotency keys with messages', async () => {
      const first = await answered('one');
      const [a, b] = [await regenerate(first.reply_id, 'again'), await regenerate(first.reply_id, 'again')];
      expect([a.status, b.status]).to.deep.equal([202, 202]);
      expect(b.body).to.deep.equal(a.body);
      expect([a, b].map(({ headers }) => headers.get('idempotency-replayed'))).to.deep.equal([null, 'true']);
      const other = await answered('other');
      expectProblem(await regenerate(other.reply_id, 'again'), 422, 'idempotency_key_reused');
      const headers = { 'Idempotency-Key': 'again' };
      const sent = await api.call('POST', '/chat/send', { content: 'x' }, { token: user.access, headers });
      expectProblem(sent, 422, 'idempotency_key_reused');
      for (const key of ['k'.repeat(129)])
        expectProblem(await regenerate(first.reply_id, key), 400, 'validation_failed');
      const empty = await call(
        'POST',
        `/${first.reply_id}/regenerate`,
        {},
        { headers: { 'Idempotency-Key': '' } },
      );
      expectProblem(empty, 400, 'validation_failed');
    });

    it('stores one run for each key of concurrent requests, and keeps one active', async () => {
      const first = await answered('one');
      const same = await Promise.all(Array.from({ length: 20 }, () => regenerate(first.reply_id, 'same')));
      expect(new Set(same.map(({ body }) => body.run_id)).size).to.equal(1);
      const others = await Promise.all(Array.from({ length: 10 }, () => regenerate(first.reply_id)));
      expect(others.map(({ status }) => status)).to.deep.equal(others.map(() => 202));
      const runs = await knex('runs').where({ message_id: first.message_id }).orderBy('id');
      expect(runs.map(({ status }) => status)).to.deep.equal([
        'completed',
        'queued',
        ...others.map(() => 'waiting'),
      ]);
      const { message_count } = await knex('conversations').where({ id: first.conversation_id }).first();
      expect(message_count).to.equal(2 + 11);
    });

    it('is refused while the reply is unfinished', async () => {
      const sent = await send(api, user);
      expectProblem(await regenerate(sent.reply_id), 409, 'run_in_progress');
      await playWorker(user, sent);
      expectProblem(await regenerate(sent.reply_id), 409, 'run_in_progress');
    });

    it('accepts failed and cancelled replies', async () => {
      const sent = await send(api, user);
      await api.call('POST', `/runs/${sent.run_id}/cancel`, undefined, { token: user.access });
      const again = await regenerated(sent.reply_id);
      expect((await stored(again.reply_id)).replaces_id).to.equal(sent.reply_id);
    });

    it("is refused for questions, others' replies and deleted ones", async () => {
      const { conversation_id, message_id, reply_id } = await answered('one');
      expectProblem(await regenerate(message_id), 404, 'not_found');
      for (const id of NO_IDS) expectProblem(await call('POST', `/${id}/regenerate`), 404, 'not_found');
      const theirs = await call('POST', `/${reply_id}/regenerate`, undefined, { token: stranger.access });
      expectProblem(theirs, 404, 'not_found');
      expectProblem(await call('POST', `/${reply_id}/regenerate`, { model: 'x' }), 400, 'validation_failed');
      expectProblem(await call('POST', `/${reply_id}/regenerate`, '{'), 400, 'malformed_json');
      expectProblem(
        await call('POST', `/${reply_id}/regenerate`, {}, { token: undefined }),
        401,
        'unauthenticated',
      );
      await api.call('DELETE', `/conversations/${conversation_id}`, undefined, { token: user.access });
      expectProblem(await regenerate(reply_id), 404, 'not_found');
    });

    it('is refused without consent, and when too many runs wait', async () => {
      const { reply_id } = await answered('one');
      await knex('users').where({ id: user.id }).update({ data_processing_consent: false });
      expectProblem(await regenerate(reply_id), 403, 'consent_required');
      await knex('users').where({ id: user.id }).update({ data_processing_consent: true });
      const sent = await inTurns(100, () => regenerate(reply_id));
      expect(sent.every(({ status }) => status === 202)).to.equal(true);
      const refused = await regenerate(reply_id);
      expectProblem(refused, 429, 'too_many_waiting_runs');
      expect(refused.headers.get('retry-after')).to.match(/^\d+$/);
    });
  });

  describe('feedback', () => {
    const rate = (id: number | string, body: unknown, options?: object) =>
      call('POST', `/${id}/feedback`, body, options);

    it('is stored once, changed, shown and deleted', async () => {
      const { conversation_id, reply_id } = await answered('one');
      const up = await rate(reply_id, { rating: 'up', comment: 'Good 😀' });
      expect(up.status).to.equal(200);
      expect(Object.keys(up.body).join(' ')).to.equal('message_id rating comment created_at updated_at');
      expect(up.body).to.include({ message_id: reply_id, rating: 'up', comment: 'Good 😀' });
      const down = await rate(reply_id, { rating: 'down' });
      expect(down.body).to.include({ rating: 'down', comment: null, created_at: up.body.created_at });
      expect(await knex('message_feedback').where({ message_id: reply_id })).to.have.length(1);
      const shown = async () => {
        const path = `/conversations/${conversation_id}/messages`;
        const { body } = await api.call('GET', path, undefined, { token: user.access });
        return (body.data as MessageRow[]).map(({ feedback }) => feedback);
      };
      expect(await shown()).to.deep.equal([null, 'down']);
      for (let i = 0; i < 2; i += 1)
        expect((await call('DELETE', `/${reply_id}/feedback`)).status).to.equal(204);
      expect(await shown()).to.deep.equal([null, null]);
    });

    it('is stored once, however many come at once', async () => {
      const { reply_id } = await answered('one');
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => rate(reply_id, { rating: i % 2 ? 'up' : 'down' })),
      );
      expect(all.map(({ status }) => status)).to.deep.equal(all.map(() => 200));
      expect(await knex('message_feedback').where({ message_id: reply_id })).to.have.length(1);
    });

    it('accepts the longest comment, counted in code points', async () => {
      const { reply_id } = await answered('one');
      const comment = '😀'.repeat(1000);
      expect((await rate(reply_id, { rating: 'up', comment })).body.comment).to.equal(comment);
      expectProblem(await rate(reply_id, { rating: 'up', comment: `${comment}x` }), 400, 'validation_failed');
    });

    for (const body of [
      {},
      { rating: 'sideways' },
      { rating: 1 },
      { rating: null },
      { rating: 'up', comment: 1 },
      { rating: 'up', comment: 'a\0' },
      { rating: 'up', comment: 'a\ud800' },
      { rating: 'up', more: 1 },
      [],
      null,
    ]) {
      it(`refuses ${JSON.stringify(body)}`, async () => {
        const { reply_id } = await answered('one');
        expectProblem(await rate(reply_id, body), 400, 'validation_failed');
      });
    }

    it("is refused for questions, others' replies and deleted ones", async () => {
      const { conversation_id, message_id, reply_id } = await answered('one');
      const both = (id: number | string, options?: object) =>
        Promise.all([
          rate(id, { rating: 'up' }, options),
          call('DELETE', `/${id}/feedback`, undefined, options),
        ]);
      for (const id of [message_id, ...NO_IDS])
        for (const answer of await both(id)) expectProblem(answer, 404, 'not_found');
      for (const answer of await both(reply_id, { token: stranger.access }))
        expectProblem(answer, 404, 'not_found');
      for (const answer of await both(reply_id, { token: undefined }))
        expectProblem(answer, 401, 'unauthenticated');
      await api.call('DELETE', `/conversations/${conversation_id}`, undefined, { token: user.access });
      for (const answer of await both(reply_id)) expectProblem(answer, 404, 'not_found');
      expect(await knex('message_feedback').where({ message_id: reply_id })).to.deep.equal([]);
    });
  });
});
