import { expect } from 'chai';
import { firstSeq, type RunEvent } from '../../../shared/delivery/runEvents.ts';
import { connect } from '../../../shared/delivery/redis.ts';
import { appendLog, closeLog, openLog, readLog } from '../../../shared/delivery/runlog.ts';

const USER = 1;
let runs = 1_000_000;

describe('the run log', () => {
  let run: number;

  beforeEach(() => {
    run = runs++;
  });

  it('appends the terminal event once', async () => {
    await openLog(USER, 2, [began(2)]);
    await appendLog(USER, delta(2, 1));
    await closeLog(USER, end(2, 2));
    await closeLog(USER, end(2, 2));
    expect(await kept()).to.deep.equal({
      attempt: 2,
      seqs: [0, 1, 2].map((i) => firstSeq(2) + i),
      closed: true,
    });
  });

  for (const attempt of [1, 2]) {
    it(`begins with the end of attempt ${attempt} where nothing was shown, and stays closed`, async () => {
      await closeLog(USER, end(attempt, 0));
      expect(await kept()).to.deep.equal({ attempt, seqs: [firstSeq(attempt)], closed: true });
      // A worker claimed the run before it ended, and was paused since.
      expect(await openLog(USER, 1, [began(1)])).to.equal(attempt === 1 ? 'lost' : 'newer');
      expect((await kept())?.seqs).to.have.length(1);
    });
  }

  it('keeps older attempts before a terminal event that is the first of its attempt', async () => {
    await openLog(USER, 1, [began(1)]);
    await closeLog(USER, end(2, 0));
    expect((await kept())?.seqs).to.deep.equal([firstSeq(1), firstSeq(2)]);
  });

  for (const [what, before] of [
    ['nothing', async () => {}],
    ['an older attempt', () => openLog(USER, 1, [began(1)])],
    ['an earlier part', () => openLog(USER, 2, [began(2)])],
    ['a later part', () => openLog(USER, 2, [began(2), delta(2, 1), delta(2, 2), delta(2, 3)])],
  ] as const) {
    it(`is deleted when Redis kept ${what} of the ended text, and the terminal event is pushed`, async () => {
      const ear = connect('ear', {});
      await ear.psubscribe('socket.io#/#*');
      const heard = new Promise<void>((hear) => {
        ear.on('pmessage', (_pattern, _channel, packet: string) => {
          if (packet.includes(`the end of ${run}`)) hear();
        });
      });
      await before();
      await closeLog(USER, end(2, 3));
      await heard;
      ear.disconnect();
      expect(await kept()).to.equal(null);
    });
  }

  async function kept() {
    const tail = await readLog(run, 0);
    return (
      tail && { attempt: tail.attempt, seqs: tail.events.map(({ data }) => data.seq), closed: tail.closed }
    );
  }

  const place = (attempt: number, offset: number) => ({
    run_id: run,
    conversation_id: 1,
    attempt,
    seq: firstSeq(attempt) + offset,
  });

  function began(attempt: number): RunEvent {
    return {
      event: 'run.status',
      data: { ...place(attempt, 0), status: 'in_progress', message_id: 1, reply_id: 2 },
    };
  }

  function delta(attempt: number, offset: number): RunEvent {
    return { event: 'response.delta', data: { ...place(attempt, offset), message_id: 2, delta: 'x' } };
  }

  function end(attempt: number, offset: number): RunEvent {
    return {
      event: 'run.cancelled',
      data: { ...place(attempt, offset), message_id: 2, content: `the end of ${run}` },
    };
  }
});
