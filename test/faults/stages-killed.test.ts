import { Worker } from 'bullmq';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { rows } from '../../db/sql.ts';
import { queues } from '../../shared/delivery/queues.ts';
import type { KillPoint } from '../../shared/ops/killpoint.ts';
import { type Client, connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import type { Process } from '../../lab/kit/processes.ts';
import { type Stack, startApart } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';
import { until } from '../support/until.ts';

const STAGES: [string, KillPoint][] = [
  ['moderation', 'moderation.decided'],
  ['moderation', 'moderation.saved'],
  ['context', 'context.built'],
  ['context', 'context.saved'],
  ['moderation context', 'moderation.decided'],
  ['moderation context', 'context.saved'],
];

describe('killing web, moderation, context or housekeeping', () => {
  let stack: Stack;
  let client: Client;

  before(async function () {
    this.timeout(150_000);
    stack = await startApart({}, ['web', 'completion']);
    client = await connectClient(await buildUser(), stack.web[0] ?? '');
  });
  after(async function () {
    this.timeout(150_000);
    client.close();
    await stack.stop();
  });

  /** Starts the types that no living process runs. */
  async function ensure(...types: string[]): Promise<void> {
    for (const type of types) if (!stack.of(type).some(isAlive)) await stack.add(type);
  }

  /** Sends messages, and waits for their jobs: web adds them after its answer, and one that comes late survives a flush. */
  async function owe(messages: number, content: string): Promise<number[]> {
    const runs: number[] = [];
    for (let i = 0; i < messages; i += 1)
      runs.push((await client.send(`${content} ${i} [[tokens:3]]`)).run_id);
    for (const id of runs)
      await until(
        `run ${id} is delivered`,
        async () => (await queues.completion.getJob(`run-${id}-1`)) !== undefined,
      );
    return runs;
  }

  // Runs first, while nobody else delivers or works: only the reconciler writes to Redis.
  it('another housekeeping delivers each run once when one dies before or after delivering', async function () {
    this.timeout(150_000);
    const owed = await owe(5, 'owed');
    for (const at of ['housekeeping.raised', 'housekeeping.delivered'] as const) {
      await emptyRedis();
      const victim = await stack.add('housekeeping', trapped('KILL_AT', at)).catch(String);
      // It may die before it is ready; the error then holds its log.
      if (typeof victim === 'string') expect(victim).to.include(at);
      else expect(await victim.exited).to.equal(null);
    }
    expect(await rows('SELECT generation, status FROM runs WHERE id = ANY (:owed)', { owed })).to.deep.equal(
      owed.map(() => ({ generation: 3, status: 'queued' })),
    );
    // Two copies reconcile the same debt.
    await emptyRedis();
    await Promise.all([stack.add('housekeeping'), stack.add('housekeeping')]);
    await Promise.all([stack.add('moderation'), stack.add('context')]);
    await expectInvariants([client], 6);
    const runs = await rows<{ attempt: number; generation: number; status: string }>(
      'SELECT attempt, generation, status FROM runs',
    );
    for (const run of runs) {
      expect(run).to.include({ attempt: 1, status: 'completed' });
      // One copy gets the row. The other may find it between the raise and the delivery and deliver once more;
      // the run is claimed once.
      expect(run.generation).to.be.within(4, 5);
    }
  });

  it('one of two housekeeping processes goes on when the other dies in the middle of its pass', async function () {
    this.timeout(150_000);
    await ensure('moderation', 'context', 'housekeeping');
    const dying = await stack.add('housekeeping', trapped('KILL_AT', 'housekeeping.raised'));
    const workers = ['moderation', 'context'].flatMap((type) => stack.of(type));
    const others = stack.of('housekeeping').filter((one) => one !== dying);
    for (const one of [...workers, ...others]) one.kill('SIGSTOP');
    await owe(3, 'debt');
    await emptyRedis();
    await fell(dying);
    for (const one of [...workers, ...others]) one.kill('SIGCONT');
    await expectInvariants([client], 6);
  });

  it('a run is delivered again when its job ended without it, completed or failed', async function () {
    this.timeout(150_000);
    await ensure('moderation', 'context', 'housekeeping');
    for (const worker of stack.of('completion')) await worker.stop();
    const runs: number[] = [];
    for (const ending of ['completed', 'failed'] as const) {
      const { run_id } = await client.send(`${ending} for nothing [[tokens:3]]`);
      const worker = new Worker(
        'completion',
        async () => {
          if (ending === 'failed') throw new Error('for nothing');
        },
        { connection: { url: process.env.REDIS_URL ?? '' } },
      );
      await new Promise<void>((ended) => worker.once(ending, () => ended()));
      await worker.close();
      runs.push(run_id);
    }
    await stack.add('completion');
    await expectInvariants([client], 6);
    const again = await rows(
      'SELECT status, generation FROM runs WHERE id = ANY (:runs) AND generation > 1',
      { runs },
    );
    expect(again).to.have.length(2);
  });

  it('a retry finds the one run of a post whose web died after the commit or after the enqueue', async function () {
    this.timeout(150_000);
    await ensure('moderation', 'context', 'completion', 'housekeeping');
    const victims = [
      await stack.add('web', trapped('KILL_AT', 'web.committed')),
      await stack.add('web', { ...trapped('KILL_AT', 'run.delivered'), HOLD_ANSWERS_MS: '1000' }),
    ];
    for (const { url, exited } of victims) {
      const content = `to the dying ${url} [[tokens:4]]`;
      const key = `dying ${url}`;
      const answer = await client.post(content, { key, web: url }).catch(() => 'none');
      expect(answer).to.equal('none');
      expect(await exited).to.equal(null);
      const again = await client.post(content, { key });
      expect(again.status).to.equal(202);
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
    }
    // Nobody repeats this post; it was committed, so it is answered.
    const alone = await stack.add('web', trapped('KILL_AT', 'web.committed'));
    await client.post('nobody asks again [[tokens:2]]', { web: alone.url }).catch(() => {});
    const before = (await rows('SELECT id FROM runs')).length;
    await expectInvariants([client], 6);
    expect(await rows('SELECT id FROM runs')).to.have.length(before);
  });

  it('another worker does the stage when moderation or context dies before or after saving its result', async function () {
    this.timeout(150_000);
    await ensure('completion', 'housekeeping');
    for (const type of ['moderation', 'context']) await Promise.all(stack.of(type).map((one) => one.stop()));
    const fallen: number[] = [];
    // One after the other: each process takes every job there is.
    for (const [type, at] of STAGES) {
      const victim = await stack.add(type, trapped('KILL_AT', at));
      await client.send(`${at} [[tokens:3]]`);
      fallen.push(await fell(victim));
      expect(await victim.exited).to.equal(null);
    }
    expect(fallen).to.have.length(STAGES.length);
    await Promise.all([stack.add('moderation'), stack.add('context')]);
    await expectInvariants([client], 6);
    const runs = await rows(
      "SELECT status, attempt FROM runs WHERE moderation ->> 'flagged' = 'false' AND context IS NOT NULL ORDER BY id DESC LIMIT 6",
    );
    expect(runs).to.deep.equal(STAGES.map(() => ({ status: 'completed', attempt: 1 })));
  });
});

function isAlive({ pid }: Process): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function emptyRedis(): Promise<void> {
  const redis = new Redis(process.env.REDIS_URL ?? '');
  await redis.flushall();
  redis.disconnect();
}
