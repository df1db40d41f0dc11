import { expect } from 'chai';
import { Redis } from 'ioredis';
import { rows } from '../../db/sql.ts';
import { connectDevice, deltas, newestAttempt } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { expectAllAnswered, expectOnlyOwn, expectShownIs } from '../support/invariants.ts';
import { startStack, type Stack } from '../support/stack.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';

describe('the engine', () => {
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

  it('streams an answer to every device of the user on any replica, and stores the same text', async () => {
    const [user, stranger] = [await buildUser(), await buildUser()];
    const devices = await Promise.all(stack.web.map((url) => connectDevice(url, user.access)));
    const other = await connectDevice(stack.web[0] ?? '', stranger.access);

    const sent = await stack.post('/chat/send', { content: 'Tell me [[tokens:40]]' }, user.access);
    expect(sent.status).to.equal(202);
    const { run_id, conversation_id, message_id, reply_id } = sent.body as Record<string, number>;
    expect(sent.headers.get('location')).to.equal(`/api/v1/runs/${run_id}`);
    if (!run_id) throw new Error('no run');

    for (const device of devices) {
      const end = await device.ended(run_id);
      expect(end.event).to.equal('response');
      const [first] = device.shown(run_id);
      expect(first).to.deep.include({ event: 'run.status' });
      expect(first?.data).to.deep.equal({
        run_id,
        conversation_id,
        attempt: 1,
        seq: 1,
        status: 'in_progress',
        message_id,
        reply_id,
      });
    }
    const run = await stack.get(`/runs/${run_id}`, user.access, 1);
    expect(run.body).to.deep.include({
      id: run_id,
      status: 'completed',
      attempt: 1,
      conversation_id,
      error: null,
    });
    const messages = await stack.get(`/conversations/${conversation_id}/messages`, user.access);
    const [question, reply] = messages.body.data as Record<string, unknown>[];
    expect(question).to.deep.include({ id: message_id, message_type: 'user', status: 'sent', run_id });
    expect(reply).to.deep.include({ id: reply_id, message_type: 'assistant', status: 'sent', run_id });
    for (const device of devices) expectShownIs(device, run_id, String(reply?.content));

    expect(other.events).to.deep.equal([]);
    for (const device of [...devices, other]) device.close();
  });

  it('answers sixty messages that ten users post at once', async function () {
    this.timeout(60_000);
    const users = await Promise.all(Array.from({ length: 10 }, () => buildUser()));
    const devices = await Promise.all(
      users.map((user, i) => connectDevice(stack.web[i % 2] ?? '', user.access)),
    );
    const sent = await Promise.all(
      users.flatMap((user, i) =>
        Array.from({ length: 6 }, async (_, k) => ({
          i,
          answer: await stack.post('/chat/send', { content: `${k} [[tokens:20]]` }, user.access, {
            web: k % 2,
          }),
        })),
      ),
    );
    for (const { i, answer } of sent) {
      expect(answer.status).to.equal(202);
      const end = await devices[i]?.ended(Number(answer.body.run_id));
      expect(end?.event).to.equal('response');
    }
    await untilAnnounced();
    const runs = await expectAllAnswered();
    const content = new Map(runs.map((run) => [run.id, run.content]));
    for (const { i, answer } of sent) {
      const device = devices[i];
      if (device)
        expectShownIs(device, Number(answer.body.run_id), content.get(Number(answer.body.run_id)) ?? '');
    }
    for (const [i, user] of users.entries()) {
      const device = devices[i];
      if (device) await expectOnlyOwn(device, user);
      device?.close();
    }
  });

  it('answers a burst of messages in one conversation in the order they were sent', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[1] ?? '', user.access);
    const first = await stack.post('/chat/send', { content: 'one [[tokens:5]]' }, user.access);
    const { conversation_id } = first.body;
    const ids = [Number(first.body.run_id)];
    for (let i = 0; i < 9; i += 1) {
      const next = await stack.post(
        '/chat/send',
        { content: `${i} [[tokens:5]]`, conversation_id },
        user.access,
      );
      ids.push(Number(next.body.run_id));
    }
    for (const id of ids) await device.ended(id);
    const ends = device.events.filter(({ event }) => event === 'response').map(({ data }) => data.run_id);
    expect(ends).to.deep.equal(ids);
    const runs = await rows<{ id: number; began: Date; ended: Date }>(
      'SELECT id, started_at AS began, completed_at AS ended FROM runs WHERE user_id = :id ORDER BY id',
      { id: user.id },
    );
    for (const [i, run] of runs.entries()) {
      const before = runs[i - 1];
      if (before) expect(run.began.getTime()).to.be.at.least(before.ended.getTime());
    }
    device.close();
  });

  it('answers messages posted at once in the order they were stored', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[1] ?? '', user.access);
    const first = await stack.post('/chat/send', { content: 'first [[tokens:2]]' }, user.access);
    const { conversation_id } = first.body;
    const sent = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        stack.post('/chat/send', { content: `${i} [[tokens:1]]`, conversation_id }, user.access, {
          web: i % 2,
        }),
      ),
    );
    for (const { body } of sent) await device.ended(Number(body.run_id));
    const runs = await rows<{ message_id: number }>(
      'SELECT message_id FROM runs WHERE user_id = :id ORDER BY started_at',
      { id: user.id },
    );
    const order = runs.map(({ message_id }) => message_id);
    expect(order).to.deep.equal(order.toSorted((a, b) => a - b));
    device.close();
  });

  it('stores one run for fifty concurrent posts with one key on two replicas and a socket', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const content = 'once [[tokens:3]]';
    const [socket, ...posts] = await Promise.all([
      device.ask('message', { type: 'message', content, idempotency_key: 'k1' }),
      ...Array.from({ length: 50 }, (_, i) =>
        stack.post('/chat/send', { content }, user.access, { web: i % 2, key: 'k1' }),
      ),
    ]);
    const bodies = posts.map(({ body }) => JSON.stringify(body));
    expect(new Set(bodies).size).to.equal(1);
    expect(posts.map(({ status }) => status)).to.deep.equal(posts.map(() => 202));
    expect(socket).to.include({ ok: true, run_id: posts[0]?.body.run_id });
    const stored = await rows('SELECT id FROM runs WHERE user_id = :id', { id: user.id });
    expect(stored).to.have.length(1);
    await device.ended(Number(posts[0]?.body.run_id));
    device.close();
  });

  it('shows every token once and in order to a client that reconnects to another replica', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    stack.provider.pause(4);
    const sent = await stack.post('/chat/send', { content: 'slowly [[tokens:30]]' }, user.access);
    const runId = Number(sent.body.run_id);
    await device.until('delta', ({ event }) => event === 'response.delta');
    device.close();
    const seen = device.shown(runId);
    stack.provider.resume();

    const again = await connectDevice(stack.web[1] ?? '', user.access);
    const resumed = await again.ask('resume', { run_id: runId, after_seq: seen.at(-1)?.data.seq });
    expect(resumed.ok).to.equal(true);
    const end = resumed.done ? undefined : await again.ended(runId);
    const all = newestAttempt([...seen, ...(resumed.events as RunEvent[]), ...again.shown(runId)]);
    expect(end?.event ?? all.at(-1)?.event).to.equal('response');
    expect(all.map(({ data }) => data.seq)).to.deep.equal(all.map((_, i) => i + 1));
    const [row] = await rows<{ content: string }>(
      'SELECT content FROM messages WHERE run_id = :runId AND message_type = :type',
      { runId, type: 'assistant' },
    );
    expect(deltas(all)).to.equal(row?.content);
    again.close();
  });

  it('keeps texts in no Redis key except the run log', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    stack.provider.pause(2);
    const secret = 'xyzzy-secret';
    const sent = await stack.post('/chat/send', { content: `${secret} [[tokens:9]]` }, user.access);
    const { conversation_id } = sent.body;
    await stack.post('/chat/send', { content: `${secret} again`, conversation_id }, user.access);
    await device.until('delta', ({ event }) => event === 'response.delta');
    expect(await redisTexts('bull:*')).to.not.match(/xyzzy|@example|w1/);
    stack.provider.resume();
    await device.ended(Number(sent.body.run_id));
    expect(await redisTexts('bull:*')).to.not.match(/xyzzy|@example|w1/);
    device.close();
  });

  it('cancels a running answer, keeps its text and goes on with the next run', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    stack.provider.pause(5);
    const sent = await stack.post('/chat/send', { content: 'cancel me [[tokens:50]]' }, user.access);
    const next = await stack.post(
      '/chat/send',
      { content: 'next [[tokens:2]]', conversation_id: sent.body.conversation_id },
      user.access,
    );
    const runId = Number(sent.body.run_id);
    await device.until('delta', ({ event }) => event === 'response.delta');
    expect((await stack.post(`/runs/${runId}/cancel`, {}, user.access, { web: 1 })).status).to.equal(202);
    const end = await device.ended(runId);
    expect(end.event).to.equal('run.cancelled');
    stack.provider.resume();
    await device.ended(Number(next.body.run_id));
    const run = await stack.post(`/runs/${runId}/cancel`, {}, user.access);
    expect(run.status).to.equal(200);
    expect(run.body.status).to.equal('cancelled');
    const [reply] = await rows<{ content: string; status: string }>(
      'SELECT content, status FROM messages WHERE id = :id',
      { id: Number(sent.body.reply_id) },
    );
    expect(reply?.status).to.equal('cancelled');
    expect(reply?.content).to.not.equal('');
    expectShownIs(device, runId, reply?.content ?? '');
    device.close();
  });

  it('cancels running and waiting runs for a message that interrupts, and answers that message', async () => {
    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    stack.provider.pause(3);
    const sent = await stack.post('/chat/send', { content: 'first [[tokens:30]]' }, user.access);
    const { conversation_id } = sent.body;
    const waiting = await stack.post('/chat/send', { content: 'second', conversation_id }, user.access);
    const rejected = { content: 'no', conversation_id, multitask_strategy: 'reject' };
    expect((await stack.post('/chat/send', rejected, user.access)).body.code).to.equal('run_in_progress');
    await device.until('delta', ({ event }) => event === 'response.delta');
    const third = { content: 'third [[tokens:2]]', conversation_id, multitask_strategy: 'interrupt' };
    const last = await stack.post('/chat/send', third, user.access, { web: 1 });
    expect((await device.ended(Number(waiting.body.run_id))).event).to.equal('run.cancelled');
    expect((await device.ended(Number(sent.body.run_id))).event).to.equal('run.cancelled');
    stack.provider.resume();
    expect((await device.ended(Number(last.body.run_id))).event).to.equal('response');
    device.close();
  });

  it('refuses a flagged message politely, without a model call, and keeps it out of later prompts', async () => {
    const user = await buildUser({ language: 'de' });
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const sent = await stack.post('/chat/send', { content: 'something [[flag]] bad' }, user.access);
    const end = await device.ended(Number(sent.body.run_id));
    expect(end.event).to.equal('response');
    expect(end.data).to.include({ finish_reason: 'content_filter', usage: null });
    expect(device.text(Number(sent.body.run_id))).to.match(/^Es tut mir leid/);
    expect(stack.provider.calls().filter(({ path }) => path.endsWith('/chat/completions'))).to.deep.equal([]);

    const { conversation_id } = sent.body;
    const next = await stack.post('/chat/send', { content: 'now [[echo]]', conversation_id }, user.access);
    const echoed = await device.ended(Number(next.body.run_id));
    expect('content' in echoed.data && echoed.data.content).to.not.match(/flag|tut mir leid/);
    device.close();
  });

  const refusals: Record<string, RegExp> = {
    'zh-TW': /^很抱歉，我無法/,
    zh: /^很抱歉，我无法/,
    'pt-BR': /^Sinto muito/,
    tr: /^Üzgünüm/,
    ar: /^عذرًا/,
    it: /^Mi dispiace/,
    ja: /^申し訳/,
    tlh: /^I'm sorry/,
  };
  it('refuses a flagged message in the nearest language to that of the message', async () => {
    const user = await buildUser({ language: 'de' });
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    for (const [language, refusal] of Object.entries(refusals)) {
      const sent = await stack.post('/chat/send', { content: 'bad [[flag]]', language }, user.access);
      const end = await device.ended(Number(sent.body.run_id));
      expect('content' in end.data && end.data.content, language).to.match(refusal);
    }
    device.close();
  });

  it('ends a run with a code that names what the provider did', async function () {
    this.timeout(40_000);
    const user = await buildUser();
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const send = async (content: string) => {
      const sent = await stack.post('/chat/send', { content }, user.access);
      return device.ended(Number(sent.body.run_id));
    };
    const code = (end: RunEvent) => ('error' in end.data ? end.data.error.code : end.event);
    expect(code(await send('a [[status:400]]'))).to.equal('provider_rejected');
    expect(code(await send('b [[status:401]]'))).to.equal('provider_key');
    expect(code(await send('c [[fail-moderation]]'))).to.equal('moderation_unavailable');
    expect(code(await send('d [[fail-embeddings]] [[tokens:2]]'))).to.equal('response');
    const long = await send('long [[tokens:1200]]');
    expect(long.data).to.include({ finish_reason: 'length' });
    expect((await stack.get(`/runs/${long.data.run_id}`, user.access)).body.status).to.equal('incomplete');
    expect(code(await send('e [[status:500]] [[times:1]]'))).to.equal('response');
    expect(code(await send('f [[tokens:20]] [[cut:3]] [[times:1]]'))).to.equal('response');
    device.close();
  });
});

/** Returns the values of all keys that match a pattern. */
async function redisTexts(pattern: string): Promise<string> {
  const redis = new Redis(process.env.REDIS_URL ?? '');
  const keys = await redis.keys(pattern);
  const texts = await Promise.all(keys.map((key) => textOf(redis, key)));
  redis.disconnect();
  return [...keys, ...texts].join('\n');
}

async function textOf(redis: Redis, key: string): Promise<string> {
  const readers: Record<string, () => Promise<unknown>> = {
    hash: () => redis.hgetall(key),
    list: () => redis.lrange(key, 0, -1),
    zset: () => redis.zrange(key, '0', '-1'),
    set: () => redis.smembers(key),
    stream: () => redis.xrange(key, '-', '+'),
    string: () => redis.get(key),
  };
  try {
    return JSON.stringify(await readers[await redis.type(key)]?.());
  } catch {
    // BullMQ has just created the key again as another type.
    return textOf(redis, key);
  }
}

/** Waits until every run is marked as announced. The mark follows the push; no event tells of it. */
async function untilAnnounced(): Promise<void> {
  for (;;) {
    const owed = await rows('SELECT id FROM runs WHERE announced_at IS NULL');
    if (owed.length === 0) return;
  }
}
