import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { call, expectProblem } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { send, servedWeb } from '../support/web.ts';

describe('POST /chat/send', () => {
  const api = servedWeb();
  let user: BuiltUser;
  beforeEach(async () => {
    user = await buildUser();
  });

  const post = (body: unknown, headers: Record<string, string> = {}, token = user.access) =>
    api.call('POST', '/chat/send', body, { token, headers });
  const counts = async () => {
    const [row] = await knex('runs').where({ user_id: user.id }).count('* as runs');
    const [messages] = await knex('messages').where({ user_id: user.id }).count('* as messages');
    return { ...row, ...messages };
  };

  it('answers 202 with ids, and stores question, reply and run', async () => {
    const { status, headers, body } = await post({ content: 'Hello', metadata: { a: 1 } });
    expect(status).to.equal(202);
    expect(body).to.have.all.keys('conversation_id', 'message_id', 'reply_id', 'run_id', 'status');
    expect(body.status).to.equal('queued');
    expect(headers.get('location')).to.equal(`/api/v1/runs/${body.run_id}`);
    expect(headers.get('idempotency-replayed')).to.equal(null);
    const messages = await knex('messages').where({ run_id: body.run_id }).orderBy('id');
    expect(messages.map((m) => [m.id, m.content, m.message_type, m.status, m.metadata])).to.deep.equal([
      [body.message_id, 'Hello', 'user', 'sent', { a: 1 }],
      [body.reply_id, '', 'assistant', 'pending', {}],
    ]);
    expect(await knex('runs').where({ id: body.run_id }).first()).to.include({
      status: 'queued',
      generation: 1,
      language: 'en',
      idempotency_key: null,
      request_id: headers.get('x-request-id'),
    });
  });

  it('accepts the longest content, counted in code points', async () => {
    expect((await post({ content: '😀'.repeat(16_000) })).status).to.equal(202);
    expect((await post({ content: '<|endoftext|>' })).status).to.equal(202);
  });

  describe('refuses', () => {
    const cases: [string, unknown][] = [
      ['no content', {}],
      ['empty content', { content: '' }],
      ['white space', { content: ' \n\t\u00a0\u3000' }],
      ['one character too many', { content: 'x'.repeat(16_001) }],
      ['content that is not a text', { content: 1 }],
      ['null content', { content: null }],
      ['NUL', { content: 'a\0b' }],
      ['a lone surrogate', { content: 'a\ud800' }],
      ['a conversation that is text', { content: 'x', conversation_id: '1' }],
      ['a fraction of a conversation', { content: 'x', conversation_id: 1.5 }],
      ['a language that is none', { content: 'x', language: 'e' }],
      ['language null', { content: 'x', language: null }],
      ['metadata that is a list', { content: 'x', metadata: [] }],
      ['metadata of more than 8 KiB', { content: 'x', metadata: { a: 'ä'.repeat(4_100) } }],
      ['an unknown strategy', { content: 'x', multitask_strategy: 'rollback' }],
      ['an unknown field', { content: 'x', user_id: 1 }],
      ['a list', [{ content: 'x' }]],
    ];
    for (const [what, body] of cases) {
      it(what, async () => {
        expectProblem(await post(body), 400, 'validation_failed');
        expect(await counts()).to.deep.equal({ runs: 0, messages: 0 });
      });
    }

    it('an empty or too long key', async () => {
      expectProblem(await post({ content: 'x' }, { 'Idempotency-Key': '' }), 400, 'validation_failed');
      expectProblem(
        await post({ content: 'x' }, { 'Idempotency-Key': 'k'.repeat(129) }),
        400,
        'validation_failed',
      );
      expect((await post({ content: 'x' }, { 'Idempotency-Key': 'k'.repeat(128) })).status).to.equal(202);
    });

    it('no token', async () => {
      expectProblem(await api.call('POST', '/chat/send', { content: 'x' }), 401, 'unauthenticated');
    });

    it("someone else's conversation, and unknown ids", async () => {
      const { conversation_id } = await send(api, await buildUser());
      for (const id of [conversation_id, 0, -1, 2 ** 40, 2 ** 53, 9.3e18, 1e300]) {
        expectProblem(await post({ content: 'x', conversation_id: id }), 404, 'not_found');
      }
      expect(await counts()).to.deep.equal({ runs: 0, messages: 0 });
    });

    it('content without the consent to process it', async () => {
      user = await buildUser({ data_processing_consent: false });
      expectProblem(await post({ content: 'x' }), 403, 'consent_required');
    });

    it('a message beyond the limit of waiting runs', async () => {
      const { conversation_id } = await send(api, user);
      await knex.raw(
        `WITH m AS (INSERT INTO messages (conversation_id, user_id, content, message_type, status)
           SELECT :c::bigint, :u::bigint, '', 'user', 'sent' FROM generate_series(1, 198) RETURNING id),
         n AS (SELECT id, row_number() OVER (ORDER BY id) AS nr FROM m)
         INSERT INTO runs (user_id, conversation_id, message_id, reply_id, status, language, request_hash)
         SELECT :u, :c, a.id, b.id, 'waiting', 'en', '' FROM n a JOIN n b ON a.nr % 2 = 1 AND b.nr = a.nr + 1`,
        { c: conversation_id, u: user.id },
      );
      const refused = await post({ content: 'x' });
      expectProblem(refused, 429, 'too_many_waiting_runs');
      expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(0);
      expect(await counts()).to.include({ runs: 100 });
    });
  });

  describe('with an idempotency key', () => {
    const key = { 'Idempotency-Key': 'one' };

    it('stores one of fifty concurrent posts, and answers all alike', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => post({ content: 'Hi' }, key)));
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([202]));
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).to.equal(1);
      const fresh = answers.filter(({ headers }) => headers.get('idempotency-replayed') !== 'true');
      expect(fresh).to.have.length(1);
      expect(await counts()).to.deep.equal({ runs: 1, messages: 2 });
      expect(await knex('conversations').where({ user_id: user.id })).to.have.length(1);
    });

    it('recognises a request with its defaults written out and its fields in any order', async () => {
      const first = await post({ content: 'Hi', metadata: { a: 1, b: { c: 2, d: 3 } } }, key);
      const again = await post(
        {
          metadata: { b: { d: 3, c: 2 }, a: 1 },
          multitask_strategy: 'enqueue',
          language: 'en',
          conversation_id: null,
          content: 'Hi',
        },
        key,
      );
      expect(again.status).to.equal(202);
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect(again.headers.get('location')).to.equal(first.headers.get('location'));
      expect(again.body).to.deep.equal(first.body);
    });

    it('refuses another request under the same key', async () => {
      await post({ content: 'Hi' }, key);
      for (const other of [
        { content: 'Ho' },
        { content: 'Hi', language: 'de' },
        { content: 'Hi', metadata: { a: 1 } },
      ])
        expectProblem(await post(other, key), 422, 'idempotency_key_reused');
      expect(await counts()).to.deep.equal({ runs: 1, messages: 2 });
    });

    it("keeps users' keys apart", async () => {
      const mine = await post({ content: 'Hi' }, key);
      const theirs = await post({ content: 'Hi' }, key, (await buildUser()).access);
      expect(theirs.body.run_id).not.to.equal(mine.body.run_id);
    });

    it('does not spend the key of a refused request', async () => {
      expectProblem(await post({ content: 'x', conversation_id: 2 ** 40 }, key), 404, 'not_found');
      expect((await post({ content: 'x' }, key)).status).to.equal(202);
    });
  });

  describe('while a run of the conversation is on', () => {
    const statuses = async () =>
      (await knex('runs').where({ user_id: user.id }).orderBy('id')).map(({ status }) => status as string);

    it('enqueue makes the next run wait', async () => {
      const { conversation_id } = await send(api, user);
      await send(api, user, { conversation_id });
      await send(api, user, { conversation_id, multitask_strategy: 'enqueue' });
      expect(await statuses()).to.deep.equal(['queued', 'waiting', 'waiting']);
    });

    it('keeps one active run, however many posts come at once', async () => {
      const { conversation_id } = await send(api, user);
      await Promise.all(Array.from({ length: 20 }, () => send(api, user, { conversation_id })));
      expect((await statuses()).filter((status) => status === 'queued')).to.have.length(1);
      expect((await statuses()).filter((status) => status === 'waiting')).to.have.length(20);
      expect(await knex('conversations').where({ id: conversation_id }).first()).to.include({
        message_count: 42,
      });
    });

    it('reject answers 409 and stores nothing', async () => {
      const { conversation_id } = await send(api, user, { multitask_strategy: 'reject' });
      const refused = await post({ content: 'x', conversation_id, multitask_strategy: 'reject' });
      expectProblem(refused, 409, 'run_in_progress');
      expect(await counts()).to.deep.equal({ runs: 1, messages: 2 });
    });

    it('interrupt cancels queued and waiting runs, and flags running ones', async () => {
      const { conversation_id, run_id } = await send(api, user);
      await knex('runs').where({ id: run_id }).update({ status: 'in_progress', attempt: 1 });
      await send(api, user, { conversation_id });
      await send(api, user, { conversation_id, multitask_strategy: 'interrupt' });
      expect(await statuses()).to.deep.equal(['in_progress', 'cancelled', 'waiting']);
      expect((await knex('runs').where({ id: run_id }).first()).cancel_requested_at).to.be.an.instanceOf(
        Date,
      );
    });

    it('interrupt makes the new run the head when nothing runs', async () => {
      const { conversation_id } = await send(api, user);
      await send(api, user, { conversation_id });
      await send(api, user, { conversation_id, multitask_strategy: 'interrupt' });
      expect(await statuses()).to.deep.equal(['cancelled', 'cancelled', 'queued']);
    });
  });

  it('answers 202 while Redis is away', async () => {
    // A port that was just in use and is closed now.
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await new Promise((closed) => server.close(closed));

    const web = await startProcfile('web', { REDIS_URL: `redis://127.0.0.1:${port}` });
    const post = () => call(`${web.url}/api/v1/chat/send`, 'POST', { content: 'Hi' }, { token: user.access });
    const answers = await Promise.all([post(), post(), post()]);
    expect(answers.map(({ status }) => status)).to.deep.equal([202, 202, 202]);
    const run = await call(`${web.url}/api/v1/runs/${answers[0]?.body.run_id}`, 'GET', undefined, {
      token: user.access,
    });
    expect(run.body.status).to.equal('queued');
    expect(await web.stop()).to.equal(0);
  });
});
