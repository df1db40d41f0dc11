import { expect } from 'chai';
import { row } from '../../db/sql.ts';
import type { KillPoint } from '../../shared/ops/killpoint.ts';
import { type Client, connectClient } from '../support/client.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants } from '../support/invariants.ts';
import { type Stack, startApart } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';

const coalesce = { multitask_strategy: 'coalesce' };
const STAGES: [string, KillPoint][] = [
  ['moderation', 'moderation.decided'],
  ['context', 'context.built'],
  ['context', 'context.saved'],
];

describe('killing processes while messages join a run', function () {
  this.timeout(150_000);
  let stack: Stack;
  let client: Client;
  before(async () => {
    stack = await startApart({}, ['web', 'housekeeping']);
    client = await connectClient(await buildUser(), stack.web[0] ?? '');
  });
  after(async () => {
    client.close();
    await stack.stop();
  });

  const stop = (...types: string[]) =>
    Promise.all(types.flatMap((type) => stack.of(type)).map((worker) => worker.stop()));
  /** Returns the last user message of the prompt of a run that was asked to echo it. */
  async function asked(runId: number): Promise<string> {
    await client.end(runId);
    const reply = await row<{ content: string }>(
      'SELECT m.content FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :runId',
      { runId },
    );
    return (JSON.parse(reply?.content ?? '[]') as { content: string }[]).at(-1)?.content ?? '';
  }

  it('a stage that dies leaves no result of fewer messages than the run has', async () => {
    for (const [type, at] of STAGES) {
      const first = await client.send(`${at} [[echo]]`);
      const { conversation_id, run_id } = first;
      await client.send('two', { conversation_id, ...coalesce });
      const victim = await stack.add(type, trapped('KILL_AT', at));
      expect(await fell(victim)).to.equal(run_id);
      const third = await client.send('three', { conversation_id, ...coalesce });
      expect(third.run_id).to.equal(run_id);
      await Promise.all(['moderation', 'context', 'completion'].map((one) => stack.add(one)));
      expect(await asked(run_id)).to.equal(`${at} [[echo]]\n\ntwo\n\nthree`);
      await stop('moderation', 'context', 'completion');
    }
  });

  it('a message that joined is answered when its web died after the commit, and its key finds it', async () => {
    const { conversation_id, run_id } = await client.send('one [[echo]]');
    const victim = await stack.add('web', trapped('KILL_AT', 'web.committed'));
    const send = (web?: string) =>
      client.post('two', { conversation_id, ...coalesce, key: 'joins', ...(web && { web }) });
    expect(await send(victim.url).catch(() => 'none')).to.equal('none');
    const again = await send();
    expect(again.status).to.equal(202);
    expect(again.headers.get('idempotency-replayed')).to.equal('true');
    expect(again.body).to.include({ status: 'joined', run_id });
    await Promise.all(['moderation', 'context', 'completion'].map((one) => stack.add(one)));
    expect(await asked(run_id)).to.equal('one [[echo]]\n\ntwo');
    await stop('moderation', 'context', 'completion');
  });

  it('a second attempt asks the same messages, and a later one waits behind it', async () => {
    const { conversation_id, run_id } = await client.send('one [[echo]]');
    await client.send('two', { conversation_id, ...coalesce });
    await Promise.all(['moderation', 'context'].map((one) => stack.add(one)));
    const victim = await stack.add('completion', trapped('KILL_AT', 'completion.claimed'));
    expect(await fell(victim)).to.equal(run_id);
    const later = await client.send('three [[echo]]', { conversation_id, ...coalesce });
    expect(later.run_id).not.to.equal(run_id);
    await stack.add('completion');
    expect(await asked(run_id)).to.equal('one [[echo]]\n\ntwo');
    expect(await asked(later.run_id)).to.equal('three [[echo]]');
    const kept = await row<{ attempt: number }>('SELECT attempt FROM runs WHERE id = :run_id', { run_id });
    expect(kept?.attempt).to.equal(2);
    await expectInvariants([client], 8);
  });
});
