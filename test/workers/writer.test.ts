import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Turn } from '../../db/models/turn.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { Interrupted, type Lease } from '../../workers/completion/lease.ts';
import { Writer } from '../../workers/completion/writer.ts';

describe('a writer whose run is lost', () => {
  it('tries to show a chunk once, and does not repeat it', async () => {
    const ids = { run_id: 77_001, user_id: 77, conversation_id: 77, message_id: 1, reply_id: 2 };
    const abort = new AbortController();
    let asked = 0;
    const lease = {
      runId: ids.run_id,
      attempt: 1,
      signal: abort.signal,
      async confirm() {
        if (!abort.signal.aborted) return;
        asked += 1;
        // Ends a loop that would go on for ever.
        if (asked > 50) await new Promise(() => {});
        throw abort.signal.reason;
      },
    };
    const writer = Writer.begin(ids as Turn, lease as unknown as Lease);
    while ((await redis.xlen(`run:{${ids.run_id}}:log`)) === 0) await nextTurn();
    for (let i = 0; i < 10; i += 1) await nextTurn();
    abort.abort(new Interrupted('lost'));
    for (let i = 0; i < 20; i += 1) {
      writer.write('x'.repeat(600));
      await nextTurn();
    }
    expect(asked).to.be.at.most(1);
    expect(await redis.xlen(`run:{${ids.run_id}}:log`)).to.equal(1);
  });
});
