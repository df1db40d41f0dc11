import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Delivery } from '../../db/models/run.ts';
import { deliver } from '../../shared/delivery/enqueue.ts';
import { jobs, runJobId } from '../../shared/delivery/jobs.ts';
import { producer, queues } from '../../shared/delivery/queues.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';

describe('delivering runs to Redis', () => {
  const first = { run_id: 1, generation: 1, rank: 1 };
  const refused = { run_id: 2, generation: 1, rank: 2 };
  const behind = { run_id: 3, generation: 1, rank: 2 };

  before(async () => {
    await Promise.all([untilReady(redis), untilReady(producer)]);
    // Redis has no scripts, and the connection has not sent any.
    await redis.script('FLUSH');
    producer.disconnect(true);
    await once(producer, 'ready');
  });
  after(() => redis.config('SET', 'maxmemory', '0'));

  it('a flow is added whole or not at all while a full Redis gets memory between two deliveries', async () => {
    await untilTaken(first);
    await redis.config('SET', 'maxmemory', '1');
    const results = await Promise.all([deliver([refused]).then(ok, no), behindThat(makeRoomAndDeliver)]);

    expect(results).to.deep.equal([false, true]);
    expect(await stagesOf(first)).to.deep.equal(WHOLE);
    expect(await stagesOf(refused)).to.deep.equal([]);
    expect(await stagesOf(behind)).to.deep.equal(WHOLE);
  });

  it('a delivery whose scripts Redis has forgotten fails once, then succeeds', async () => {
    const forgotten = { run_id: 4, generation: 1, rank: 2 };
    await redis.script('FLUSH');
    expect(await deliver([forgotten]).then(ok, no)).to.equal(false);
    await untilTaken(forgotten);
    expect(await stagesOf(forgotten)).to.deep.equal(WHOLE);
  });

  /** Frees memory on the same connection: Redis does it after the first delivery and before the second. */
  async function makeRoomAndDeliver(): Promise<boolean> {
    void producer.config('SET', 'maxmemory', '0');
    return deliver([behind]).then(ok, no);
  }
});

const WHOLE = ['completion', 'context', 'moderation'];
const ok = () => true;
const no = () => false;

/** Calls `then` when the next transaction has left this process and before its answer arrives. */
function behindThat<T>(then: () => Promise<T>): Promise<T> {
  const send = producer.sendCommand;
  return new Promise((resolve, reject) => {
    producer.sendCommand = function watched(this: typeof producer, ...args) {
      const sent = Reflect.apply(send, this, args);
      if (args[0].name === 'exec') {
        producer.sendCommand = send;
        then().then(resolve, reject);
      }
      return sent;
    };
  });
}

async function untilTaken(delivery: Delivery): Promise<void> {
  while (!(await deliver([delivery]).then(ok, no))) await nextTurn();
}

/** Returns the queues that hold a job of the flow. */
async function stagesOf(delivery: { run_id: number; generation: number }): Promise<string[]> {
  const names = Object.keys(jobs) as (keyof typeof jobs)[];
  const found = await Promise.all(names.map((name) => redis.exists(queues[name].toKey(runJobId(delivery)))));
  return names.filter((_, i) => found[i] === 1).toSorted();
}
