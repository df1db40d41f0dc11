import { expect } from 'chai';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { row, rows } from '../../db/sql.ts';
import type { KillPoint } from '../../shared/ops/killpoint.ts';
import { connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import { untilAnnounced } from '../../lab/kit/invariants.ts';
import type { Process } from '../../lab/kit/processes.ts';
import { type Stack, startApart } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';
import { until } from '../support/until.ts';

/** Where a worker stops for longer than its lease and its lock. What it has written by then stays. */
const POINTS: [KillPoint, number][] = [
  ['completion.claimed', 1],
  ['completion.opened', 1],
  ['completion.showing', 3],
  ['completion.shown', 3],
  ['completion.streamed', 1],
  ['completion.finished', 1],
  ['run.closed', 1],
];
const ALONE = { COMPLETION_CONCURRENCY: '1' };

describe('freezing a worker', () => {
  let stack: Stack;
  const redis = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true });

  before(async function () {
    this.timeout(150_000);
    stack = await startApart({ RATE_LIMIT_PER_MINUTE: '10000' }, [
      'web',
      'moderation',
      'context',
      'housekeeping',
    ]);
  });
  after(async function () {
    this.timeout(150_000);
    redis.disconnect();
    await stack.stop();
  });

  it('a worker frozen beyond lease and lock, or blocked for 20 s, shows and writes nothing when it wakes', async function () {
    this.timeout(150_000);
    const client = await connectClient(await buildUser(), stack.web[0] ?? '');
    const zombies = await Promise.all([
      ...POINTS.map(([at, n]) => stack.add('completion', { ...ALONE, ...trapped('STOP_AT', at, n) })),
      stack.add('completion', { ...ALONE, ...trapped('BLOCK_AT', 'completion.shown', 2, 20_000) }),
    ]);
    const conversations: number[] = [];
    for (let i = 0; i < zombies.length; i += 1)
      conversations.push((await client.send(`${i} [[tokens:30]] [[gap:30]]`)).conversation_id);
    await Promise.all(zombies.map(fell));
    const blockedAt = Date.now();
    const fresh = await stack.add('completion');
    for (const runId of client.runs) await client.end(runId);
    // An end whose mark the freeze held up is told again, under its seq.
    expect(await untilAnnounced(rows, 15_000), 'all announced').to.equal(true);
    const before = await replies();
    const events = client.device.events.length;

    // Without the log, only Postgres can fence them.
    await redis.flushall();
    const lines = zombies.map(({ logs }) => logs.length);
    for (const zombie of zombies) zombie.kill('SIGCONT');
    await sleep(Math.max(0, blockedAt + 20_500 - Date.now()));
    // Each worker logs when it is awake: its run is lost, or its job is done.
    const awake = () => zombies.every(({ logs }, i) => logs.length > (lines[i] ?? 0));
    for (const until = Date.now() + 15_000; !awake() && Date.now() < until; ) await sleep(50);
    expect(awake(), 'all awake').to.equal(true);
    await sleep(500);
    const since = client.device.events
      .slice(events)
      .map(({ event, data }) => `${event} of run ${data.run_id}`);
    expect(since, 'shown by fenced workers').to.deep.equal([]);
    expect(await replies()).to.deep.equal(before);

    for (const conversation_id of conversations) await client.send('go on [[tokens:2]]', { conversation_id });
    await expectInvariants([client], 12);
    client.close();
    await Promise.all([...zombies, fresh].map((one) => one.stop()));
  });

  it('a worker that wakes while another answers its run neither shows, ends nor gives back that run', async function () {
    this.timeout(150_000);
    const client = await connectClient(await buildUser(), stack.web[0] ?? '');
    const asks: [KillPoint, number, string][] = [
      ['completion.showing', 3, 'shows [[tokens:30]] [[gap:30]]'],
      ['completion.streamed', 1, 'ends [[tokens:30]]'],
      ['completion.releasing', 1, 'gives back [[hang:3]] [[times:1]] [[tokens:30]]'],
    ];
    const env = { ...ALONE, PROVIDER_GAP_TIMEOUT_MS: '1000' };
    const zombies: Process[] = [];
    /** The runs that the frozen workers hold, with their attempts. */
    const held = new Map<number, number>();
    for (const [at, n, content] of asks) {
      const zombie = await stack.add('completion', { ...env, ...trapped('STOP_AT', at, n) });
      zombies.push(zombie);
      await client.send(content);
      // On a busy machine a later worker may have claimed an earlier run.
      const id = await fell(zombie);
      held.set(
        id,
        (await row<{ attempt: number }>('SELECT attempt FROM runs WHERE id = :id', { id }))?.attempt ?? 0,
      );
    }
    stack.provider.pause(4);
    const fresh = await stack.add('completion');
    for (const [runId, attempt] of held)
      await client.device.until(
        `new attempt of ${runId}`,
        ({ event, data }) => event === 'response.delta' && data.run_id === runId && data.attempt > attempt,
      );
    const before = await attempts();
    for (const zombie of zombies) zombie.kill('SIGCONT');
    const lost = () =>
      zombies.every(({ logs }) =>
        logs.some(
          ({ msg }) => msg === 'Run lost; this attempt ends' || msg === 'Job put back; it runs again then',
        ),
      );
    for (const until = Date.now() + 15_000; !lost() && Date.now() < until; ) await sleep(50);
    stack.provider.resume();
    await expectInvariants([client], 8);
    expect(await attempts()).to.deep.equal(before);
    // The log shows the newest holder's attempt, to its end.
    for (const id of held.keys()) expect(client.device.shown(id)[0]?.event).to.equal('response.restart');
    const otherwise = "SELECT id FROM runs WHERE status <> 'completed' OR retries > 0";
    expect(await rows(otherwise)).to.deep.equal([]);
    client.close();
    await Promise.all([...zombies, fresh].map((one) => one.stop()));
  });

  it('moderation and context that wake do not overwrite results stored meanwhile', async function () {
    this.timeout(150_000);
    const client = await connectClient(await buildUser(), stack.web[0] ?? '');
    await Promise.all([...stack.of('moderation'), ...stack.of('context')].map((one) => one.stop()));
    const zombies = [
      await stack.add('moderation', trapped('STOP_AT', 'moderation.decided')),
      await stack.add('context', trapped('STOP_AT', 'context.built')),
    ];
    const { run_id } = await client.send('thrice [[tokens:4]]');
    await Promise.all(zombies.map(fell));
    await Promise.all(['moderation', 'context', 'completion'].map((type) => stack.add(type)));
    await client.end(run_id);
    // The mark of its announcement comes after the end, and is the row's last change.
    await until('it is announced', async () =>
      row('SELECT 1 FROM runs WHERE id = :run_id AND announced_at IS NOT NULL', { run_id }),
    );
    const before = await row('SELECT moderation, context, xmin::text FROM runs WHERE id = :run_id', {
      run_id,
    });
    for (const zombie of zombies) zombie.kill('SIGCONT');
    await sleep(1_000);
    expect(
      await row('SELECT moderation, context, xmin::text FROM runs WHERE id = :run_id', { run_id }),
    ).to.deep.equal(before);
    await expectInvariants([client], 8);
    client.close();
  });

  it('SIGTERM during 200 streams gives all runs back within the grace, and they end elsewhere without a crash', async function () {
    this.timeout(150_000);
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => connectClient(await buildUser(), stack.web[0] ?? '')),
    );
    for (const worker of stack.of('completion')) await worker.stop();
    const leaving = await stack.add('completion', { SHUTDOWN_GRACE_S: '7', COMPLETION_CONCURRENCY: '200' });
    stack.provider.reset();
    stack.provider.pause(3);
    await Promise.all(
      clients.flatMap((client) => Array.from({ length: 50 }, (_, i) => client.send(`${i} [[tokens:12]]`))),
    );
    await stack.provider.until((calls) => calls.filter(({ held }) => held).length === 200, 40_000);
    const next = await stack.add('completion', { COMPLETION_CONCURRENCY: '200' });
    expect(await leaving.stop()).to.equal(0);
    stack.provider.resume();
    await expectInvariants(clients, 8);
    const others = await rows(
      "SELECT id, status, crashes, retries FROM runs WHERE status <> 'completed' OR (crashes > 0 AND attempt < 2)",
    );
    expect(others).to.deep.equal([]);
    const [{ crashed } = { crashed: -1 }] = await rows<{ crashed: number }>(
      'SELECT count(*) AS crashed FROM runs WHERE crashes > 0 AND user_id = ANY (:ids)',
      { ids: clients.map(({ user }) => user.id) },
    );
    expect(crashed).to.equal(0);
    for (const client of clients) client.close();
    await next.stop();
  });
});

function attempts(): Promise<unknown[]> {
  return rows('SELECT id, attempt FROM runs ORDER BY id');
}

function replies(): Promise<unknown[]> {
  return rows(
    'SELECT r.id, r.attempt, r.status, m.content, m.xmin::text FROM runs r JOIN messages m ON m.id = r.reply_id ORDER BY r.id',
  );
}
