import { expect } from 'chai';
import { row } from '../../db/sql.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectAllAnswered, expectShownIs } from '../support/invariants.ts';
import { type Stack, startApart } from '../support/stack.ts';

describe('a worker that is killed while moderation is asked beside the model', function () {
  this.timeout(120_000);
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;
  before(async () => {
    const types = ['web', 'context', 'completion', 'housekeeping'];
    stack = await startApart({ MODERATION_ORDER: 'beside' }, types);
    user = await buildUser();
    device = await connectDevice(stack.web[0] ?? '', user.access);
  });
  after(async () => {
    device.close();
    await stack.stop();
  });

  /** Sends a message, and kills the worker when the model has said everything, or as much as it may. */
  const askAndKill = async (content: string, chunks: number) => {
    const sent = await stack.post('/chat/send', { content }, user.access);
    const runId = Number(sent.body.run_id);
    await stack.provider.until(
      (calls) => calls.some((call) => call.chunks >= chunks && call.path.endsWith('completions')),
      20_000,
    );
    const [worker] = stack.of('completion').slice(-1);
    worker?.kill('SIGKILL');
    await worker?.exited;
    stack.provider.resume();
    await stack.add('completion');
    const { data } = await device.ended(runId);
    const kept = await row<{ content: string; status: string; attempt: number }>(
      'SELECT m.content, r.status, r.attempt FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :runId',
      { runId },
    );
    return { runId, data: data as unknown as { error?: { code: string } }, kept };
  };

  it('has shown nothing of what was never allowed, and the run ends as it would have', async () => {
    const { runId, data, kept } = await askAndKill('never judged [[fail-moderation]] [[tokens:9]]', 9);
    expect(kept).to.include({ status: 'failed', content: '', attempt: 2 });
    expect(data.error?.code).to.equal('moderation_unavailable');
    expect(JSON.stringify(device.shown(runId))).not.to.contain('w1');
  });

  it('has shown part of what was allowed, and another one shows all of it', async () => {
    stack.provider.reset();
    stack.provider.pause(4);
    const { runId, kept } = await askAndKill('judged at once [[tokens:12]]', 4);
    expect(kept).to.include({ status: 'completed', attempt: 2 });
    expectShownIs(device, runId, kept?.content ?? '');
    expect(kept?.content).to.match(/^w1 .* w12$/);
    await expectAllAnswered();
  });
});
