import { expect } from 'chai';
import { Journal } from '../../lab/chaos/journal.ts';
import { COPIES, makePlan, type Options, type Planned } from '../../lab/chaos/schedule.ts';

const TYPES = ['web', 'moderation', 'context', 'completion', 'housekeeping'];
const round = (seed: number): Options => ({ seed, messages: 200, minutes: 1, kills: 60, wipes: 10 });

describe('npm run chaos', () => {
  it('derives the whole round from the seed', () => {
    expect(makePlan(round(7), TYPES, true)).to.deep.equal(makePlan(round(7), TYPES, true));
    expect(makePlan(round(7), TYPES, true)).to.not.deep.equal(makePlan(round(8), TYPES, true));
  });

  it('plans the requested kills and wipes within the round, on existing processes', () => {
    const { faults, messages } = makePlan(round(7), TYPES, true);
    const kinds = faults.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'kill')).to.have.length(60);
    expect(kinds.filter((kind) => ['flush', 'redis', 'postgres'].includes(kind))).to.have.length(10);
    expect(messages).to.have.length(200);
    for (const fault of faults) {
      expect(fault.at).to.be.within(1, 200);
      if ('type' in fault) expect(fault.index).to.be.below(COPIES[fault.type] ?? 2);
    }
  });

  it('restarts PostgreSQL only where that is allowed', () => {
    const { faults } = makePlan(round(7), TYPES, false);
    expect(faults.filter(({ kind }) => kind === 'postgres')).to.deep.equal([]);
  });
});

describe('the journal of a chaos round', () => {
  const data = { run_id: 1, conversation_id: 1, attempt: 1, seq: 2, message_id: 2, delta: 'a' };
  const message = { user: 0, conversation: 0 } as Planned;

  it('reports a splice when two devices get different events under one seq', () => {
    const journal = new Journal();
    journal.event('one', { event: 'response.delta', data });
    journal.event('two', { event: 'response.delta', data: { ...data } });
    expect(journal.wrongs).to.deep.equal([]);
    journal.event('two', { event: 'response.delta', data: { ...data, delta: 'b' } });
    expect(journal.wrongs.map(({ kind }) => kind)).to.deep.equal(['spliced']);
  });

  it('records the runs that a process held when it was killed', () => {
    const journal = new Journal();
    journal.heard('completion-0 1', { msg: 'point', point: 'completion.claimed', run_id: 1 });
    journal.heard('completion-0 1', { msg: 'point', point: 'completion.claimed', run_id: 2 });
    journal.heard('completion-0 1', { msg: 'point', point: 'run.announced', run_id: 1 });
    journal.struck('completion-0 1', { at: Date.now(), kind: 'kill' }, true);
    expect(journal.story(1).hits).to.deep.equal([]);
    expect(journal.story(2).hits.map(({ kind }) => kind)).to.deep.equal(['kill completion']);
  });

  it('counts only the heads of conversations as waiting for an end', () => {
    const journal = new Journal();
    for (const id of [4, 3, 5]) Object.assign(journal.story(id), { message, acceptedAt: 1 });
    expect(journal.unfinished().map(({ id }) => id)).to.deep.equal([3]);
    journal.ended(3);
    expect(journal.unfinished().map(({ id }) => id)).to.deep.equal([4]);
  });
});
