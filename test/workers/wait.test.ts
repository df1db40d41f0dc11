import { expect } from 'chai';
import { ProviderError } from '../../shared/provider/providerErrors.ts';
import { waitFor } from '../../workers/work.ts';

describe('waiting for a provider', () => {
  const busy = (retryAfterMs = 0) => new ProviderError('rate_limited', 'x', 'x', { retryAfterMs });
  const loading = new ProviderError('loading', 'x', 'x');

  it('lasts as long as the provider says, else 1, 1, 2, 4 … 60 s', () => {
    expect(waitFor(busy(27_000), 5_000)).to.equal(27_000);
    const waits: number[] = [];
    for (let waited = 0; waits.length < 9; waited += waits.at(-1) ?? 0)
      waits.push(waitFor(busy(), waited) ?? 0);
    expect(waits.map((ms) => ms / 1_000)).to.deep.equal([1, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('ends after PROVIDER_WAIT_LIMIT_S, and after two minutes for a model that is being loaded', () => {
    expect(waitFor(busy(3_600_000), 599_000)).to.equal(1_000);
    expect(waitFor(busy(), 600_000)).to.equal(null);
    expect(waitFor(loading, 100_000)).to.equal(5_000);
    expect(waitFor(loading, 120_000)).to.equal(null);
  });
});
