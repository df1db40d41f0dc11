import { expect } from 'chai';
import { inBatches } from '../../shared/base/batches.ts';

describe('batches', () => {
  it('gather what is added in one turn, and while one is worked, up to their size', async () => {
    const worked: number[][] = [];
    let go = () => {};
    const add = inBatches<number>(3, (batch) => {
      worked.push(batch);
      return new Promise((resolve) => {
        go = resolve;
      });
    });
    const first = [add(1), add(2)];
    await Promise.resolve().then(() => {});
    const more = [3, 4, 5, 6].map(add);
    go();
    await Promise.all(first);
    await new Promise(setImmediate);
    expect(worked).to.deep.equal([
      [1, 2],
      [3, 4, 5],
    ]);
    go();
    await new Promise(setImmediate);
    go();
    await Promise.all(more);
    expect(worked.at(-1)).to.deep.equal([6]);
  });

  it('fail by themselves: the next one is worked', async () => {
    const add = inBatches<string>(1, async ([one]) => {
      if (one === 'bad') throw new Error('refused');
    });
    const [bad, good] = await Promise.allSettled([add('bad'), add('good')]);
    expect([bad?.status, good?.status]).to.deep.equal(['rejected', 'fulfilled']);
  });
});
