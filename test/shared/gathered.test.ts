import { expect } from 'chai';
import { gathered } from '../../shared/base/gathered.ts';

/** Ms that no batch waits for in these tests. */
const NEVER = 60_000;

describe('gathered', () => {
  it('works what came together in one call', async () => {
    const worked: number[][] = [];
    const add = gathered<number>(1, 10, async (batch) => void worked.push(batch));
    await Promise.all([1, 2, 3].map(add));
    await add(4);
    expect(worked).to.deep.equal([[1, 2, 3], [4]]);
  });

  it('works a full batch at once, and begins another', async () => {
    const worked: number[][] = [];
    const add = gathered<number>(NEVER, 2, async (batch) => void worked.push(batch));
    await Promise.all([1, 2, 3, 4].map(add));
    expect(worked).to.deep.equal([
      [1, 2],
      [3, 4],
    ]);
  });

  it('does not hold a batch up because of an earlier one', async () => {
    const add = gathered<string>(NEVER, 1, ([item]) =>
      item === 'slow' ? new Promise(() => {}) : Promise.resolve(),
    );
    void add('slow');
    await add('quick');
  });

  it('tells everybody of a batch that it failed, and works the next one', async () => {
    const add = gathered<string>(NEVER, 2, async ([item]) => {
      if (item === 'bad') throw new Error('refused');
    });
    const results = await Promise.allSettled(['bad', 'beside', 'good', 'too'].map(add));
    expect(results.map(({ status }) => status)).to.deep.equal([
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });
});
