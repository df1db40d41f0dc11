import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { rows } from '../../db/sql.ts';
import { type Client, connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { deltas, newestAttempt } from '../support/device.ts';
import { expectInvariants, expectWhole } from '../support/invariants.ts';
import { type OwnRedis, startOwnRedis } from '../../lab/kit/redis.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { type Stack, startApart, WORKERS } from '../support/stack.ts';

describe('failures of Redis', () => {
  let redis: OwnRedis;
  let proxy: Proxy;
  let stack: Stack;
  let client: Client;
  /** A replica that reaches Redis through the proxy. */
  let apart: string;
  const processes = 3 + WORKERS.length;
  /** Runs that the user cancelled. */
  const cancelled: number[] = [];

  before(async function () {
    this.timeout(150_000);
    redis = await startOwnRedis();
    proxy = await startProxy(redis.port);
    stack = await startApart({ REDIS_URL: redis.url, RUN_LOG_TTL_S: '30' }, ['web', 'web', ...WORKERS]);
    apart = (await stack.add('web', { REDIS_URL: `redis://127.0.0.1:${proxy.port}` })).url;
    client = await connectClient(await buildUser(), stack.web[0] ?? '', stack.web[1] ?? '');
  });
  after(async function () {
    this.timeout(150_000);
    client.close();
    await stack.stop();
    await proxy.close();
    await redis.stop();
  });

  /** Starts six answers, holds them in the middle of their streams, and sends a second message behind each. */
  async function begin(what: string): Promise<number[]> {
    stack.provider.reset();
    stack.provider.pause(4);
    const heads = await Promise.all(
      Array.from({ length: 6 }, (_, i) => client.send(`${what} ${i} [[tokens:20]]`)),
    );
    for (const { conversation_id } of heads) await client.send('behind [[tokens:3]]', { conversation_id });
    await stack.provider.until((calls) => calls.filter(({ held }) => held).length === 6, 40_000);
    return heads.map(({ run_id }) => run_id);
  }

  async function expectNothingLost(): Promise<void> {
    await expectInvariants([client], processes, { redisUrl: redis.url });
    const others =
      "SELECT id, status, error_code FROM runs WHERE status <> 'completed' AND id <> ALL (:cancelled)";
    expect(await rows(others, { cancelled })).to.deep.equal([]);
  }

  it('no run is lost when Redis is emptied three times in the middle of streams', async function () {
    this.timeout(150_000);
    const heads = await begin('emptied');
    for (let i = 0; i < 3; i += 1) {
      await redis.client.flushall();
      await client.send(`after wipe ${i} [[tokens:3]]`);
    }
    stack.provider.resume();
    await expectNothingLost();
    expect(await rows('SELECT id FROM runs WHERE crashes > 0')).to.deep.equal([]);
    // Each run was shown again where its log was lost, and not only at its end.
    const shownAgain = await rows('SELECT id FROM runs WHERE attempt > 1 AND id = ANY (:heads)', { heads });
    expect(shownAgain).to.have.length(heads.length);
  });

  it('web accepts messages and answers end while Redis is dead, and nothing is lost when it returns empty', async function () {
    this.timeout(150_000);
    await begin('killed');
    await redis.signal('SIGKILL');
    stack.provider.resume();
    const away = await Promise.all(
      Array.from({ length: 4 }, (_, i) => client.post(`away ${i} [[tokens:3]]`)),
    );
    expect(away.map(({ status }) => status)).to.deep.equal([202, 202, 202, 202]);
    await untilEnded(6);
    await redis.restart();
    await expectNothingLost();
  });

  it('web accepts messages and answers end while Redis is out of memory, and all is shown afterwards', async function () {
    this.timeout(150_000);
    await begin('full');
    const waiting = client.runs.at(-1) ?? 0;
    cancelled.push(waiting);
    await redis.client.config('SET', 'maxmemory', '1');
    // Redis has no memory for the terminal event, and yet listeners receive it.
    const cancel = await stack.post(`/runs/${waiting}/cancel`, {}, client.user.access);
    expect(cancel.status).to.equal(202);
    await client.device.until(
      'cancelled',
      ({ event, data }) => event === 'run.cancelled' && data.run_id === waiting,
    );
    stack.provider.resume();
    const full = await client.post('full [[tokens:3]]');
    expect(full.status).to.equal(202);
    await untilEnded(6);
    await redis.client.config('SET', 'maxmemory', '0');
    await expectNothingLost();
  });

  it('a delivery that fails because Redis forgot its scripts is repeated on a new connection', async function () {
    this.timeout(150_000);
    // A new connection sends a script whole, which heals the others; by the third time none is new.
    for (const what of ['first', 'second', 'third']) {
      await redis.client.script('FLUSH');
      const { run_id } = await client.send(`scripts forgotten, ${what} [[tokens:3]]`);
      expect((await client.end(run_id)).event).to.equal('response');
    }
    await expectNothingLost();
  });

  it('a log that Redis brings back older is opened anew and replayed without a gap', async function () {
    this.timeout(150_000);
    stack.provider.reset();
    const { run_id } = await client.send('older copy [[tokens:16]] [[gap:150]]');
    const log = `run:{${run_id}}:log`;
    const shown = (seq: number) =>
      client.device.until(`seq ${seq}`, ({ data }) => data.run_id === run_id && data.seq === seq);
    await shown(4);
    await redis.client.copy(log, `${log}:older`);
    await shown(7);
    await redis.client.rename(`${log}:older`, log);
    await client.end(run_id);
    const told = await client.device.ask('resume', { run_id, after_seq: 0 });
    const replayed = newestAttempt(told.events as RunEvent[]);
    expectWhole(replayed);
    expect(deltas(replayed)).to.equal(Array.from({ length: 16 }, (_, i) => `w${i + 1}`).join(' '));
    await expectNothingLost();
  });

  it('web accepts messages while Redis is frozen for longer than the locks, and nothing is lost', async function () {
    this.timeout(150_000);
    await begin('frozen');
    await redis.signal('SIGSTOP');
    stack.provider.resume();
    try {
      expect((await client.post('frozen [[tokens:3]]')).status).to.equal(202);
      await sleep(9_500);
    } finally {
      await redis.signal('SIGCONT');
    }
    await expectNothingLost();
  });

  it('a completion worker that stops while Redis hangs gives its runs back in time, without a crash', async function () {
    this.timeout(150_000);
    for (const worker of stack.of('completion')) await worker.stop();
    const leaving = await stack.add('completion', { SHUTDOWN_GRACE_S: '7' });
    const heads = await begin('hangs');
    await redis.signal('SIGSTOP');
    try {
      await leaving.stop();
      const given = await rows(
        'SELECT id FROM runs WHERE id = ANY (:heads) AND lease_until IS NULL AND crashes = 0',
        { heads },
      );
      expect(given).to.have.length(heads.length);
    } finally {
      await redis.signal('SIGCONT');
    }
    await stack.add('completion');
    stack.provider.resume();
    await expectNothingLost();
    expect(
      await rows('SELECT id FROM runs WHERE crashes > 0 AND id = ANY (:heads)', { heads }),
    ).to.deep.equal([]);
  });

  it('a post to a web without Redis is answered, and resume there reads the row', async function () {
    this.timeout(150_000);
    stack.provider.reset();
    const cutOff = await connectClient(client.user, apart);
    proxy.cut();
    const answer = await client.post('to the cut off [[tokens:5]]', { web: apart });
    expect(answer.status).to.equal(202);
    const runId = Number(answer.body.run_id);
    expect((await client.end(runId)).event).to.equal('response');
    // The sockets of this web heard nothing; resume answers from Postgres.
    const told = await cutOff.device.ask('resume', { run_id: runId, after_seq: 0 });
    expect(told).to.deep.include({ ok: true, done: true, reset: true });
    proxy.mend();
    await new Promise<void>((again) => cutOff.device.socket.once('connect', again));
    cutOff.runs.push(Number((await cutOff.post('healed [[tokens:5]]')).body.run_id));
    await expectNothingLost();
    cutOff.close();
  });

  it('resume builds the terminal event from the row when the log has expired', async function () {
    this.timeout(150_000);
    const { run_id } = await client.send('expires [[tokens:5]]');
    const end = await client.end(run_id);
    await redis.client.pexpire(`run:{${run_id}}:log`, 1);
    await sleep(20);
    const told = await client.device.ask('resume', { run_id, after_seq: 2 });
    expect(told).to.deep.equal({ ok: true, events: [end], done: true, reset: true });
    await expectNothingLost();
  });

  /** Waits until the newest streaming runs have ended in Postgres, whatever Redis does. */
  async function untilEnded(heads: number): Promise<void> {
    const ids = client.runs.slice(-(2 * heads + 4));
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(200)) {
      const ended = await rows('SELECT id FROM runs WHERE completed_at IS NOT NULL AND id = ANY (:ids)', {
        ids,
      });
      if (ended.length >= heads) return;
    }
    throw new Error('answers do not end without Redis');
  }
});
