import { expect } from 'chai';
import fc from 'fast-check';
import { differenceInterval, shareInterval } from '../../shared/analytics/intervals.ts';
import { FINE, LEAST, verdictOf } from '../../shared/analytics/experiments.ts';

const share = fc
  .integer({ min: 1, max: 5_000 })
  .chain((of) => fc.record({ count: fc.integer({ min: 0, max: of }), of: fc.constant(of) }));

describe('intervals of shares', () => {
  it('are those of the published examples', () => {
    // Newcombe, R. G. (1998), Two-sided confidence intervals for the single proportion, Statistics in Medicine 17:857–872,
    // method 3.
    for (const [count, of, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const interval = shareInterval(count, of);
      expect(interval.low, `${count}/${of}`).to.be.closeTo(low, 0.00006);
      expect(interval.high, `${count}/${of}`).to.be.closeTo(high, 0.00006);
    }
    // The source of differenceInterval, table II.
    for (const [b, a, low, high] of [
      [{ count: 56, of: 70 }, { count: 48, of: 80 }, 0.0524, 0.3339],
      [{ count: 9, of: 10 }, { count: 3, of: 10 }, 0.1705, 0.809],
      [{ count: 10, of: 10 }, { count: 0, of: 10 }, 0.6075, 1],
    ] as const) {
      const interval = differenceInterval(a, b);
      expect(interval.low).to.be.closeTo(low, 0.00006);
      expect(interval.high).to.be.closeTo(high, 0.00006);
    }
  });

  it('hold the share, lie between 0 and 1, and mirror it', () => {
    fc.assert(
      fc.property(share, ({ count, of }) => {
        const { low, high } = shareInterval(count, of);
        expect(low).to.be.within(0, count / of);
        expect(high).to.be.within(count / of, 1);
        const mirrored = shareInterval(of - count, of);
        expect(mirrored.low).to.be.closeTo(1 - high, 1e-9);
      }),
    );
  });

  it('narrow as cases grow', () => {
    fc.assert(
      fc.property(share, fc.integer({ min: 2, max: 50 }), ({ count, of }, times) => {
        const width = (n: number) => {
          const { low, high } = shareInterval(count * n, of * n);
          return high - low;
        };
        expect(width(times)).to.be.below(width(1));
      }),
    );
  });

  it('hold the true share in about 95 of 100 samples', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.integer({ min: 30, max: 300 }),
        (p, n) => {
          // The exact chance that a sample's interval holds p, by the binomial distribution.
          let [chance, held] = [(1 - p) ** n, 0];
          for (let k = 0; k <= n; k += 1) {
            const { low, high } = shareInterval(k, n);
            if (low <= p && p <= high) held += chance;
            chance *= ((n - k) / (k + 1)) * (p / (1 - p));
          }
          expect(held).to.be.within(0.9, 0.99);
        },
      ),
    );
  });

  it('of a difference hold it, and change sign with the sides', () => {
    fc.assert(
      fc.property(share, share, (a, b) => {
        const [one, other] = [differenceInterval(a, b), differenceInterval(b, a)];
        const difference = b.count / b.of - a.count / a.of;
        expect(one.low).to.be.within(-1 - 1e-9, difference + 1e-9);
        expect(one.high).to.be.within(difference - 1e-9, 1 + 1e-9);
        expect(other.low).to.be.closeTo(-one.high, 1e-9);
      }),
    );
  });
});

describe('the verdict of an experiment', () => {
  it('says that there are too few cases, that nothing differs, or which version is better', () => {
    const few = { low: 0.2, high: 0.9 };
    expect(verdictOf('resolution_rate', LEAST - 1, few)).to.equal('too_little');
    expect(verdictOf('resolution_rate', LEAST, few)).to.equal('b');
    expect(verdictOf('resolution_rate', LEAST, { low: -0.9, high: -0.2 })).to.equal('a');
    // Fewer hand-overs are better.
    expect(verdictOf('handoff_rate', LEAST, few)).to.equal('a');
    expect(verdictOf('handoff_rate', LEAST, { low: -0.9, high: -0.2 })).to.equal('b');
    expect(verdictOf('resolution_rate', LEAST, { low: -0.2, high: 0.1 })).to.equal('too_little');
    expect(verdictOf('resolution_rate', 9_000, { low: -FINE / 2, high: FINE / 2 })).to.equal('no_difference');
  });
});
