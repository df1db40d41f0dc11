import { expect } from 'chai';
import { fuse } from '../../shared/prompt/fuse.ts';

const one = (id: number, similarity = 0.5) => ({ id, similarity });
const ids = (searches: Parameters<typeof fuse>[0]) => fuse(searches).map(({ id }) => id);

describe('joined searches', () => {
  it('keep the order of a single search', () => {
    expect(ids([{ found: [one(3), one(1), one(2)], weight: 1 }])).to.deep.equal([3, 1, 2]);
  });

  it('put first what several searches found, ahead of what one ranks higher', () => {
    const a = { found: [one(1), one(2)], weight: 1 };
    const b = { found: [one(3), one(2)], weight: 1 };
    expect(ids([a, b])[0]).to.equal(2);
  });

  it('follow the search that counts more', () => {
    const own = { found: [one(1), one(2)], weight: 0.3 };
    expect(ids([{ found: [one(2), one(1)], weight: 1 }, own])).to.deep.equal([2, 1]);
  });

  it('hold each FAQ once, as similar as its best result', () => {
    const [found, ...more] = fuse([
      { found: [one(1, 0.2)], weight: 1 },
      { found: [one(1, 0.9)], weight: 1 },
      { found: [], weight: 1 },
    ]);
    expect([found, more]).to.deep.equal([one(1, 0.9), []]);
  });
});
