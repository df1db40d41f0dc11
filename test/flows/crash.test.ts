import { expect } from 'chai';
import { Redis } from 'ioredis';
import { row, rows } from '../../db/sql.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectAllAnswered, expectShownIs } from '../support/invariants.ts';
import { startApart, type Stack } from '../support/stack.ts';

describe('crashes in the middle of an answer', () => {
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;

  before(async function () {
    this.timeout(60_000);
    stack = await startApart();
  });
  beforeEach(async () => {
    stack.provider.reset();
    user = await buildUser();
    device = await connectDevice(stack.web[1] ?? '', user.access);
  });
  afterEach(() => device.close());
  after(async function () {
    this.timeout(60_000);
    await stack.stop();
  });

  /** Posts a message whose stream stops after four chunks, and resolves when its first text was pushed. */
  async function begin(content: string): Promise<number> {
    stack.provider.pause(4);
    const sent = await stack.post('/chat/send', { content }, user.access);
    const runId = Number(sent.body.run_id);
    await device.until('delta', ({ event, data }) => event === 'response.delta' && data.run_id === runId);
    return runId;
  }

  async function contentOf(runId: number): Promise<string> {
    const reply = await row<{ content: string }>(
      "SELECT content FROM messages WHERE run_id = :runId AND message_type = 'assistant'",
      { runId },
    );
    return reply?.content ?? '';
  }

  it('another worker restarts the text and ends it when a completion worker is killed', async function () {
    this.timeout(40_000);
    const runId = await begin('kill [[tokens:30]]');
    const [victim] = stack.of('completion');
    await stack.add('completion');
    victim?.kill('SIGKILL');
    stack.provider.resume();
    await device.ended(runId);
    expect(device.shown(runId)[0]?.event).to.equal('response.restart');
    expect(device.shown(runId)[0]?.data).to.include({ attempt: 2, seq: 2_000_000 });
    expectShownIs(device, runId, await contentOf(runId));
    expect(await row('SELECT attempt, crashes FROM runs WHERE id = :runId', { runId })).to.deep.equal({
      attempt: 2,
      crashes: 1,
    });
  });

  it('the same worker shows the whole text again, without a crash, when Redis is emptied', async function () {
    this.timeout(40_000);
    const runId = await begin('wipe [[tokens:30]]');
    const waiting = await stack.post(
      '/chat/send',
      {
        content: 'behind [[tokens:3]]',
        conversation_id: (await stack.get(`/runs/${runId}`, user.access)).body.conversation_id,
      },
      user.access,
    );
    await emptyRedis();
    stack.provider.resume();
    await device.ended(runId);
    expect(device.shown(runId)[0]).to.deep.include({ event: 'response.restart' });
    expectShownIs(device, runId, await contentOf(runId));
    expect(await row('SELECT attempt, crashes FROM runs WHERE id = :runId', { runId })).to.deep.equal({
      attempt: 2,
      crashes: 0,
    });
    await device.ended(Number(waiting.body.run_id));
  });

  it('Postgres delivers a run again when Redis is emptied before a worker took it', async function () {
    this.timeout(40_000);
    const workers = ['moderation', 'context', 'completion'].flatMap((type) => stack.of(type));
    for (const worker of workers) worker.kill('SIGSTOP');
    const sent = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        stack.post('/chat/send', { content: `lost ${i} [[tokens:3]]` }, user.access),
      ),
    );
    await emptyRedis();
    for (const worker of workers) worker.kill('SIGCONT');
    for (const { body } of sent) {
      expect((await device.ended(Number(body.run_id))).event).to.equal('response');
      expectShownIs(device, Number(body.run_id), await contentOf(Number(body.run_id)));
    }
  });

  it('a worker gives its run back within the grace after SIGTERM, and another worker ends it', async function () {
    this.timeout(60_000);
    const leaving = await stack.add('completion', { SHUTDOWN_GRACE_S: '6' });
    for (const worker of stack.of('completion')) if (worker !== leaving) await worker.stop();
    const runId = await begin('drain [[tokens:30]]');
    await stack.add('completion');
    expect(await leaving.stop()).to.equal(0);
    stack.provider.resume();
    await device.ended(runId);
    expectShownIs(device, runId, await contentOf(runId));
    expect(await row('SELECT crashes FROM runs WHERE id = :runId', { runId })).to.deep.equal({ crashes: 0 });
  });

  it('a worker that was paused beyond its lease shows and writes nothing when it wakes', async function () {
    this.timeout(60_000);
    const [zombie] = stack.of('completion').filter(({ kill }) => kill);
    const runId = await begin('zombie [[tokens:30]]');
    const holders = stack.of('completion');
    for (const holder of holders) holder.kill('SIGSTOP');
    const fresh = await stack.add('completion');
    stack.provider.resume();
    await device.ended(runId);
    const content = await contentOf(runId);
    const events = device.events.length;
    for (const holder of holders) holder.kill('SIGCONT');
    const next = await stack.post('/chat/send', { content: 'after [[tokens:2]]' }, user.access);
    await device.ended(Number(next.body.run_id));
    const ofRun = device.events.slice(events).filter(({ data }) => data.run_id === runId);
    expect(ofRun.filter(({ data }) => data.attempt > 1)).to.deep.equal([]);
    expect(await contentOf(runId)).to.equal(content);
    expectShownIs(device, runId, content);
    expect(zombie).to.not.equal(fresh);
  });

  it('nothing is owed after all of these', async () => {
    const runs = await expectAllAnswered();
    expect(runs.length).to.be.greaterThan(5);
    expect(await rows("SELECT id FROM runs WHERE status <> 'completed'")).to.deep.equal([]);
  });
});

async function emptyRedis(): Promise<void> {
  const redis = new Redis(process.env.REDIS_URL ?? '');
  await redis.flushall();
  redis.disconnect();
}
