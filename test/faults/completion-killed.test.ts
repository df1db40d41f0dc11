import { expect } from 'chai';
import { row } from '../../db/sql.ts';
import type { KillPoint } from '../../shared/ops/killpoint.ts';
import { queues } from '../../shared/delivery/queues.ts';
import { type Client, connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import { type Stack, startApart } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';

/** Where a worker dies, at which pass, and its run's counts after another worker has ended it. */
const POINTS: { at: KillPoint; n?: number; attempt: number; crashes: number }[] = [
  { at: 'completion.claimed', attempt: 2, crashes: 1 },
  { at: 'completion.opened', attempt: 2, crashes: 1 },
  { at: 'completion.shown', attempt: 2, crashes: 1 },
  { at: 'completion.shown', n: 2 + Math.floor(Math.random() * 8), attempt: 2, crashes: 1 },
  { at: 'completion.streamed', attempt: 2, crashes: 1 },
  // From here on the answer is stored: nobody asks the model again.
  { at: 'completion.finished', attempt: 1, crashes: 0 },
  { at: 'run.closed', attempt: 1, crashes: 0 },
  { at: 'run.announced', attempt: 1, crashes: 0 },
];
/** A worker that dies holds only one run. */
const ALONE = { COMPLETION_CONCURRENCY: '1' };

describe('killing a completion worker', () => {
  let stack: Stack;
  let client: Client;

  before(async function () {
    this.timeout(150_000);
    stack = await startApart({}, ['web', 'moderation', 'context', 'housekeeping']);
    client = await connectClient(await buildUser(), stack.web[0] ?? '');
  });
  after(async function () {
    this.timeout(150_000);
    client.close();
    await stack.stop();
  });

  it(`a run ends once and the next run follows when the worker dies at any of ${POINTS.length} points`, async function () {
    this.timeout(150_000);
    const victims = await Promise.all(
      POINTS.map(({ at, n }) => stack.add('completion', { ...ALONE, ...trapped('KILL_AT', at, n) })),
    );
    const firsts = await Promise.all(
      POINTS.map((_, i) => client.send(`first ${i} [[tokens:30]] [[gap:30]]`)),
    );
    // A message behind each, so that the kill also hits promotions.
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
      // A second announcement left the log as it was.
      const told = await client.device.ask('resume', { run_id: felled[i], after_seq: 0 });
      expect(told, `${at} ${n}`).to.include({ ok: true, done: true }).and.not.have.property('reset');
      expect(told.events).to.have.length.above(2);
    }
    // A run with a stored answer needed one call. Every other run needed two, or one when the kill came before
    // the call.
    const calls = stack.provider.calls().filter(({ path }) => path.endsWith('/chat/completions')).length;
    expect(calls).to.be.within(POINTS.length * 2, POINTS.length * 3);
  });

  it('Postgres delivers the next run when the worker dies between announcing and delivering it', async function () {
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
    // Undoes the delivery where it was faster than the kill: both run side by side.
    await queues.completion.remove(`run-${next.run_id}-1`);
    keeper?.kill('SIGCONT');
    await stack.add('completion');
    await expectInvariants([client], 5);
  });

  it('a run that kills three workers fails as crashed, and the conversation goes on', async function () {
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
