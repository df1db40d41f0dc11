import { expect } from 'chai';
import { costOf, type Price, priceChanges, priceOf } from '../../shared/analytics/prices.ts';

const price = (model: string, valid_from: string, input: number, output = 0): Price => ({
  model,
  valid_from,
  currency: 'USD',
  input,
  output,
});
const PRICES = [
  price('a/*', '2026-01-01', 1),
  price('a/big*', '2026-01-01', 2),
  price('a/big', '2026-01-01', 3),
  price('a/big', '2026-07-01', 4, 10),
];

describe('prices', () => {
  it('are those of the name, else of its longest beginning, at that time', () => {
    const at = (model: string, day: string) => priceOf(model, new Date(day), PRICES)?.input;
    expect(at('a/big', '2026-06-30T23:59:59Z')).to.equal(3);
    expect(at('a/big', '2026-07-01')).to.equal(4);
    expect(at('a/big-2026', '2026-07-01')).to.equal(2);
    expect(at('a/small', '2026-07-01')).to.equal(1);
    expect(at('a/small', '2025-12-31')).to.equal(undefined);
    expect(at('b/big', '2026-07-01')).to.equal(undefined);
  });

  it('make a cost per million tokens, and leave out what has no price', () => {
    expect(priceChanges(PRICES)).to.have.length(2);
    const used = { prompt_tokens: 1_000_000, completion_tokens: 500_000 };
    const cells = [
      { model: 'a/big', period: 1, ...used },
      { model: 'a/big', period: 2, ...used },
      { model: 'b', period: 2, ...used },
      { model: 'a/big', period: 0, ...used },
    ];
    expect(costOf(cells, PRICES)).to.deep.equal({
      amount: 3 + 4 + 5,
      currency: 'USD',
      unpriced_tokens: 3_000_000,
    });
    expect(costOf(cells, null)).to.equal(null);
  });
});
