import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { rows } from '../../db/sql.ts';
import { connectDevice } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { startStack, type Stack } from '../support/stack.ts';

describe('fairness across users', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startStack({
      COMPLETION_CONCURRENCY: '1',
      MAX_WAITING_RUNS_PER_USER: '1000',
      RATE_LIMIT_PER_MINUTE: '10000',
    });
  });
  after(async function () {
    this.timeout(60_000);
    await stack.stop();
  });

  it("a user's first message waits for one message of a busy user, not for all", async function () {
    this.timeout(60_000);
    const [busy, other] = [await buildUser(), await buildUser()];
    const device = await connectDevice(stack.web[0] ?? '', other.access);
    stack.provider.pause();
    const posts = Array.from({ length: 60 }, (_, i) =>
      stack.post('/chat/send', { content: `${i} [[tokens:2]]` }, busy.access),
    );
    for (const post of posts) expect((await post).status).to.equal(202);
    const first = await stack.post('/chat/send', { content: 'mine [[tokens:2]]' }, other.access, { web: 1 });
    await untilPrepared();
    stack.provider.resume();
    await device.ended(Number(first.body.run_id));
    const before = await rows<{ id: number }>(
      `SELECT id FROM runs WHERE user_id = :busy AND completed_at <
         (SELECT completed_at FROM runs WHERE id = :mine)`,
      { busy: busy.id, mine: Number(first.body.run_id) },
    );
    // The one in progress, and at most one behind it.
    expect(before.length).to.be.at.most(2);
    device.close();
  });

  it('first messages of many users are answered in the order in which they became ready', async function () {
    this.timeout(60_000);
    stack.provider.pause();
    const runs: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const user = await buildUser();
      const sent = await stack.post('/chat/send', { content: `${i} [[tokens:2]]` }, user.access);
      runs.push(Number(sent.body.run_id));
      // One after the other: this test is about the queue of prepared runs.
      await untilPrepared();
    }
    stack.provider.resume();
    const ended = () =>
      rows<{ id: number }>(
        'SELECT id FROM runs WHERE id = ANY (:runs) AND completed_at IS NOT NULL ORDER BY completed_at',
        {
          runs,
        },
      );
    while ((await ended()).length < runs.length) await sleep(20);
    expect((await ended()).map(({ id }) => id)).to.deep.equal(runs);
  });
});

/** Waits until every queued run waits for the model only. */
async function untilPrepared(): Promise<void> {
  for (;;) {
    const owed = await rows(
      "SELECT id FROM runs WHERE status = 'queued' AND (moderation IS NULL OR context IS NULL)",
    );
    if (owed.length === 0) return;
    await sleep(20);
  }
}
