import { expect } from 'chai';
import { Redis } from 'ioredis';
import { row } from '../../db/sql.ts';
import { type Client, connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import { hashOf } from '../support/provider.ts';
import { type Stack, startApart } from '../support/stack.ts';

/** A text that makes the provider fail, and the end of its run. times:1 means that the second call succeeds. */
type Case = {
  asks: string;
  calls: number;
  retries: number;
  status?: string;
  error?: string | string[];
  says?: RegExp;
};
const CASES: Record<string, Case> = {
  'silence before headers': { asks: '[[silent]] [[times:1]] [[tokens:3]]', calls: 2, retries: 1 },
  'silence before the first token': { asks: '[[hang:0]] [[times:1]] [[tokens:3]]', calls: 2, retries: 1 },
  'silence between chunks': { asks: '[[hang:3]] [[times:1]] [[tokens:6]]', calls: 2, retries: 1 },
  'a reset connection': { asks: '[[reset:3]] [[times:1]] [[tokens:6]]', calls: 2, retries: 1 },
  'a cut stream': { asks: '[[cut:3]] [[times:1]] [[tokens:6]]', calls: 2, retries: 1 },
  'a malformed chunk': { asks: '[[malformed:3]] [[times:1]] [[tokens:6]]', calls: 2, retries: 1 },
  'characters split across chunks': {
    asks: 'hello [[split]]',
    calls: 1,
    retries: 0,
    says: /Grüße, 世界 🙂🙃$/,
  },
  'two 500s': { asks: '[[status:500]] [[times:2]] [[tokens:3]]', calls: 3, retries: 2 },
  'nothing but 500s': {
    asks: '[[status:500]]',
    calls: 5,
    retries: 4,
    status: 'failed',
    error: 'provider_unavailable',
  },
  // Reading it takes so long that the deadline between chunks may pass.
  'nothing but a chunk of 10 MB': {
    asks: '[[huge]]',
    calls: 5,
    retries: 4,
    status: 'failed',
    error: ['provider_unavailable', 'provider_timeout'],
  },
  'a 429 for two seconds': {
    asks: '[[status:429;retry-after:2]] [[times:1]] [[tokens:3]]',
    calls: 2,
    retries: 0,
  },
  'a 401': { asks: '[[status:401]]', calls: 1, retries: 0, status: 'failed', error: 'provider_key' },
  'a 400': { asks: '[[status:400]]', calls: 1, retries: 0, status: 'failed', error: 'provider_rejected' },
  'context too long, once': {
    asks: '[[status:400;code:context_length_exceeded]] [[times:1]] [[tokens:3]]',
    calls: 2,
    retries: 0,
  },
  'context too long, for ever': {
    asks: '[[status:400;code:context_length_exceeded]]',
    calls: 2,
    retries: 0,
    status: 'failed',
    error: 'context_length_exceeded',
  },
};
const DEADLINES = {
  PROVIDER_HEADERS_TIMEOUT_MS: '4000',
  PROVIDER_FIRST_TOKEN_TIMEOUT_MS: '4000',
  PROVIDER_GAP_TIMEOUT_MS: '4000',
};
const PROCESSES = 5;

describe('failures of the provider', () => {
  let stack: Stack;
  let client: Client;
  const redis = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true });

  before(async function () {
    this.timeout(150_000);
    stack = await startApart(DEADLINES, ['web', 'moderation', 'context', 'completion', 'housekeeping']);
    client = await connectClient(await buildUser(), stack.web[0] ?? '');
  });
  after(async function () {
    this.timeout(150_000);
    redis.disconnect();
    client.close();
    await stack.stop();
  });

  const chatCalls = (text: string) =>
    stack.provider
      .calls()
      .filter(({ path, text_hash }) => path.endsWith('/chat/completions') && text_hash === hashOf(text));
  const runRow = (id: number) =>
    row<{
      status: string;
      retries: number;
      error_code: string | null;
      crashes: number;
      model: string;
      not_before: Date | null;
      context: { shrunk: boolean };
    }>('SELECT status, retries, error_code, crashes, model, not_before, context FROM runs WHERE id = :id', {
      id,
    });

  it('each of fifteen failures at once is retried or ends as specified', async function () {
    this.timeout(150_000);
    const ids = new Map<string, number>();
    // A history longer than the questions, so that the cut of a too long prompt hits the history.
    const { conversation_id } = await client.send('tell me much [[tokens:200]]');
    for (const [name, { asks }] of Object.entries(CASES)) {
      const more = name.startsWith('context') ? { conversation_id } : {};
      ids.set(name, (await client.send(asks, more)).run_id);
    }
    await Promise.all([...ids.values()].map((id) => client.end(id)));
    for (const [name, { asks, calls, retries, status = 'completed', error = null, says }] of Object.entries(
      CASES,
    )) {
      const id = ids.get(name) ?? 0;
      const run = await runRow(id);
      expect(run, name).to.deep.include({ status, retries, crashes: 0 });
      expect(run?.error_code, name).to.be.oneOf([error].flat());
      expect(chatCalls(asks), name).to.have.length(calls);
      if (says) expect(client.device.text(id), name).to.match(says);
    }
    expect((await runRow(ids.get('context too long, once') ?? 0))?.context.shrunk).to.equal(true);
    await expectInvariants([client], PROCESSES);
  });

  it('a run fails when moderation does, its text reaches no model, and the conversation goes on', async function () {
    this.timeout(150_000);
    const text = 'unchecked [[fail-moderation]] [[tokens:2]]';
    const { run_id, conversation_id } = await client.send(text);
    const next = await client.send('checked [[tokens:2]]', { conversation_id });
    expect((await client.end(run_id)).data).to.have.nested.property('error.code', 'moderation_unavailable');
    expect(chatCalls(text)).to.deep.equal([]);
    expect((await client.end(next.run_id)).event).to.equal('response');
    await expectInvariants([client], PROCESSES);
  });

  it('five failures in a row open the breaker of the model, and it closes again', async function () {
    this.timeout(150_000);
    await redis.del('breaker:gpt-4.1-mini', 'breaker:gpt-4.1-mini:failures');
    const broken = Array.from({ length: 5 }, (_, i) => `${i} [[status:500]] [[times:1]] [[tokens:2]]`);
    for (const text of broken) await client.send(text);
    while ((await redis.pttl('breaker:gpt-4.1-mini')) <= 0)
      await new Promise((later) => setTimeout(later, 20));
    const text = 'held back [[tokens:2]]';
    const heldUntil = Date.now() + (await redis.pttl('breaker:gpt-4.1-mini'));
    const { run_id } = await client.send(text);
    await client.end(run_id);
    expect(Date.now(), 'answered').to.be.at.least(heldUntil);
    expect(chatCalls(text)).to.have.length(1);
    expect(await runRow(run_id)).to.deep.include({ retries: 0, crashes: 0 });
    await expectInvariants([client], PROCESSES);
  });

  it('the fallback answers while the first model fails', async function () {
    this.timeout(150_000);
    await redis.del('breaker:gpt-4.1-mini', 'breaker:gpt-4.1-mini:failures');
    for (const worker of stack.of('completion')) await worker.stop();
    const worker = await stack.add('completion', {
      CHAT_MODEL: 'first-model',
      CHAT_MODEL_FALLBACK: 'second-model',
    });
    const { run_id } = await client.send('either [[down:first-model]] [[tokens:4]]');
    await client.end(run_id);
    expect(await runRow(run_id)).to.deep.include({ status: 'completed', model: 'second-model', retries: 2 });
    // While the breaker is open nobody calls the first model.
    await redis.set('breaker:first-model', '1', 'PX', 8_000);
    const text = 'at once [[down:first-model]] [[tokens:4]]';
    const next = await client.send(text);
    await client.end(next.run_id);
    expect(await runRow(next.run_id)).to.deep.include({
      status: 'completed',
      model: 'second-model',
      retries: 0,
    });
    expect(chatCalls(text).map(({ model }) => model)).to.deep.equal(['second-model']);
    await expectInvariants([client], PROCESSES);
    await worker.stop();
  });

  it('an endless answer ends at its deadline and counts as a retry', async function () {
    this.timeout(150_000);
    const worker = await stack.add('completion', {
      PROVIDER_ANSWER_TIMEOUT_MS: '1000',
      CHAT_MODEL: 'endless',
    });
    const { run_id } = await client.send('endless [[gap:200]] [[tokens:500]]');
    await client.device.until(
      'restart',
      ({ event, data }) => event === 'response.restart' && data.run_id === run_id,
    );
    expect((await runRow(run_id))?.retries).to.be.at.least(1);
    await stack.post(`/runs/${run_id}/cancel`, {}, client.user.access);
    expect((await client.end(run_id)).event).to.equal('run.cancelled');
    await expectInvariants([client], PROCESSES);
    await worker.stop();
  });

  it('a 429 with two minutes of Retry-After postpones the run without a retry, and holds other runs back', async function () {
    this.timeout(150_000);
    await stack.add('completion', { CHAT_MODEL: 'busy' });
    const text = 'later [[status:429;retry-after:120]]';
    const asked = Date.now();
    const { run_id } = await client.send(text);
    await stack.provider.until((calls) =>
      calls.some(
        ({ text_hash, path, ended }) => ended && path.endsWith('/completions') && text_hash === hashOf(text),
      ),
    );
    const delayed = async (id: number) =>
      Number(await redis.zscore('bull:completion:delayed', `run-${id}-1`)) / 4096;
    while ((await delayed(run_id)) === 0) await new Promise((later) => setTimeout(later, 20));
    const about = [asked + 119_000, asked + 150_000] as const;
    expect(await delayed(run_id)).to.be.within(...about);
    const run = await runRow(run_id);
    expect(run).to.deep.include({ status: 'queued', retries: 0, crashes: 0 });
    expect(run?.not_before?.getTime()).to.be.within(...about);
    const other = await client.send('held back too [[tokens:2]]');
    while ((await delayed(other.run_id)) === 0) await new Promise((later) => setTimeout(later, 20));
    // The breaker waits a minute at most before it lets a run probe.
    expect(await delayed(other.run_id)).to.be.within(asked + 50_000, asked + 150_000);
    // The jobs left in the queue would end by themselves.
    for (const id of [run_id, other.run_id]) {
      await stack.post(`/runs/${id}/cancel`, {}, client.user.access);
      expect((await client.end(id)).event).to.equal('run.cancelled');
      await redis.zrem('bull:completion:delayed', `run-${id}-1`);
    }
    await expectInvariants([client], PROCESSES);
  });
});
