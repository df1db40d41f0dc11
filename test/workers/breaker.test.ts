import { expect } from 'chai';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { chatModels } from '../../shared/provider/config.ts';
import { askBreakers, callFailed, callSucceeded } from '../../workers/completion/breaker.ts';

describe('failures of a model', () => {
  const name = () => chatModels()[0]?.name ?? '';
  before(() => untilReady(redis));
  afterEach(() => callSucceeded(name()));

  /** Runs work as if so many ms had passed. */
  function later<T>(ms: number, work: () => T): T {
    const { now } = performance;
    performance.now = () => now.call(performance) + ms;
    try {
      return work();
    } finally {
      performance.now = now;
    }
  }

  it('need no clearing by an answer while there are none', async () => {
    const { mayHaveFailed } = await askBreakers();
    expect(mayHaveFailed(name())).to.equal(false);
  });

  it('are cleared by an answer that began after them', async () => {
    await callFailed(name());
    const { mayHaveFailed } = await askBreakers();
    expect(mayHaveFailed(name())).to.equal(true);
  });

  it('are cleared by an answer during which they came', async () => {
    const { mayHaveFailed } = await askBreakers();
    await callFailed(name());
    expect(later(5_000, () => mayHaveFailed(name()))).to.equal(true);
  });
});
