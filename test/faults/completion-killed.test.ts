import { expect } from 'chai';
import { row } from '../../db/sql.ts';
import type { KillPoint } from '../../shared/ops/killpoint.ts';
import { queues } from '../../shared/delivery/queues.ts';
import { type Client, connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';

/** Where a worker dies, at which pass, and what its run looks like once another has taken care of it. */
const POINTS: { at: KillPoint; n?: number; attempt: number; crashes: number }[] = [
  { at: 'completion.claimed', attempt: 2, crashes: 1 },
  { at: 'completion.opened', attempt: 2, crashes: 1 },
  { at: 'completion.shown', attempt: 2, crashes: 1 },
  { at: 'completion.shown', n: 2 + Math.floor(Math.random() * 8), attempt: 2, crashes: 1 },
  { at: 'completion.streamed', attempt: 2, crashes: 1 },
  // From here on the answer stands: nobody asks the model again.
  { at: 'completion.finished', attempt: 1, crashes: 0 },
  { at: 'run.closed', attempt: 1, crashes: 0 },
  { at: 'run.announced', attempt: 1, crashes: 0 },
];
/** A worker that dies takes only one run with it. */
const ALONE = { COMPLETION_CONCURRENCY: '1' };

describe('a completion worker killed', () => {
  let stack: Stack;
  let client: Client;

  before(async function () {
    this.timeout(150_000);
    stack = await startStack({}, ['web', 'moderation', 'context', 'housekeeping']);
    client = await connectClient(await buildUser(), stack.web[0] ?? '');
  });
  after(async function () {
    this.timeout(150_000);
    client.close();
    await stack.stop();
  });

  it(`at any of ${POINTS.length} points: the run ends once, the next of its conversation follows`, async function () {
    this.timeout(150_000);
    const victims = await Promise.all(
      POINTS.map(({ at, n }) => stack.add('completion', { ...ALONE, ...trapped('KILL_AT', at, n) })),
    );
    const firsts = await Promise.all(
      POINTS.map((_, i) => client.send(`first ${i} [[tokens:30]] [[gap:30]]`)),
    );
    // Behind each of them, so that promotion is under attack too.
    for (const { conversation_id } of firsts) await client.send('second [[tokens:3]]', { conversation_id });
    const felled = await Promise.all(victims.map(fell));
    expect(await Promise.all(victims.map(({ exited }) => exited))).to.deep.equal(victims.map(() => null));
    expect(new Set(felled).size).to.equal(POINTS.length);
    await stack.add('completion');
    await expectInvariants([client], 5);
    for (const [i, { at, n, attempt, crashes }] of POINTS.entries()) {
      const run = await row('SELECT status, attempt, crashes, generation FROM runs WHERE id = :id', {
        id: felled[i] ?? 0,
      });
      expect(run, `${at} ${n}`).to.deep.equal({ status: 'completed', attempt, crashes, generation: 1 });
      // Whoever announced it again left the log as it was.
      const told = await client.device.ask('resume', { run_id: felled[i], after_seq: 0 });
      expect(told, `${at} ${n}`).to.include({ ok: true, done: true }).and.not.have.property('reset');
      expect(told.events).to.have.length.above(2);
    }
    // A run whose text stood was answered by one call, every other one by two or, killed before the call, by one.
    const calls = stack.provider.calls().filter(({ path }) => path.endsWith('/chat/completions')).length;
    expect(calls).to.be.within(POINTS.length * 2, POINTS.length * 3);
  });

  it('between announcing and delivering the next: the next is delivered from Postgres', async function () {
    this.timeout(150_000);
    for (const worker of stack.of('completion')) await worker.stop();
    const victim = await stack.add('completion', { ...ALONE, ...trapped('KILL_AT', 'run.announced') });
    stack.provider.pause(2);
    const first = await client.send('head [[tokens:9]]');
    const next = await client.send('next [[tokens:3]]', { conversation_id: first.conversation_id });
    const [keeper] = stack.of('housekeeping');
    keeper?.kill('SIGSTOP');
    stack.provider.resume();
    await fell(victim);
    // Both go on side by side. The delivery may have been faster than the kill; it is undone.
    await queues.completion.remove(`run-${next.run_id}-1`);
    keeper?.kill('SIGCONT');
    await stack.add('completion');
    await expectInvariants([client], 5);
  });

  it('three times over one run: it fails as crashed, and the conversation goes on', async function () {
    this.timeout(150_000);
    for (const worker of stack.of('completion')) await worker.stop();
    const victims = await Promise.all(
      Array.from({ length: 3 }, () =>
        stack.add('completion', { ...ALONE, ...trapped('KILL_AT', 'completion.shown') }),
      ),
    );
    const bad = await client.send('bad [[tokens:30]]');
    const good = await client.send('good [[tokens:3]]', { conversation_id: bad.conversation_id });
    const felled = await Promise.all(victims.map(({ exited }) => exited));
    expect(felled).to.deep.equal([null, null, null]);
    await stack.add('completion');
    expect((await client.end(bad.run_id)).data).to.deep.include({
      error: { code: 'crashed', message: 'The worker crashed too often while answering.' },
    });
    expect((await client.end(good.run_id)).event).to.equal('response');
    expect(await row('SELECT status, crashes FROM runs WHERE id = :id', { id: bad.run_id })).to.deep.equal({
      status: 'failed',
      crashes: 3,
    });
    await expectInvariants([client], 5);
  });
});
