import { expect } from 'chai';
import { Breaker } from '../../../shared/provider/breaker.ts';

describe('a breaker', () => {
  const failing = (times: number) => {
    const breaker = new Breaker(3, 5_000, 60_000);
    for (let i = 0; i < times; i++) breaker.failed(0, 0);
    return breaker;
  };

  it('lets everything through until three failures in a row', () => {
    const breaker = failing(2);
    expect(breaker.mayAsk(0)).to.equal(true);
    breaker.succeeded();
    breaker.failed(0, 0);
    breaker.failed(0, 0);
    expect(breaker.mayAsk(0)).to.equal(true);
    breaker.failed(0, 0);
    expect(breaker.mayAsk(0)).to.equal(false);
  });

  it('lets one through after a while, and everything after its success', () => {
    const breaker = failing(3);
    expect([4_999, 5_000, 5_001].map((now) => breaker.mayAsk(now))).to.deep.equal([false, true, false]);
    breaker.succeeded();
    expect([5_002, 5_002].map((now) => breaker.mayAsk(now))).to.deep.equal([true, true]);
  });

  it('waits twice as long after each failed try, a minute at most', () => {
    const breaker = failing(3);
    let now = 5_000;
    for (const ms of [10_000, 20_000, 40_000, 60_000, 60_000]) {
      expect(breaker.mayAsk(now)).to.equal(true);
      breaker.failed(0, now);
      expect(breaker.mayAsk(now + ms - 1)).to.equal(false);
      now += ms;
    }
  });

  it('opens at once where it was told for how long', () => {
    const breaker = failing(0);
    breaker.failed(7_000, 0);
    expect([6_999, 7_000].map((now) => breaker.mayAsk(now))).to.deep.equal([false, true]);
  });
});
