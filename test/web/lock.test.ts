import { expect } from 'chai';
import { tabLock } from '../../web/sdk/browser.ts';

describe('the lock of all tabs', () => {
  const { timeout } = AbortSignal;
  let over: AbortController;
  beforeEach(() => {
    over = new AbortController();
    AbortSignal.timeout = () => over.signal;
  });
  afterEach(() => {
    AbortSignal.timeout = timeout;
  });

  it('lets one work after the other', async () => {
    const [first, done] = [Promise.withResolvers<void>(), [] as string[]];
    const one = tabLock('parley.test', async () => {
      await first.promise;
      done.push('one');
    });
    const two = tabLock('parley.test', async () => void done.push('two'));
    first.resolve();
    await Promise.all([one, two]);
    expect(done).to.deep.equal(['one', 'two']);
  });

  it('is not waited for without end', async () => {
    const [asleep, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const held = tabLock('parley.test', () => {
      begun.resolve();
      return asleep.promise;
    });
    await begun.promise;
    const late = tabLock('parley.test', async () => 'works');
    over.abort();
    expect(await late).to.equal('works');
    asleep.resolve();
    await held;
  });

  it('begins no work twice whose time is over', async () => {
    let begun = 0;
    const work = tabLock('parley.test', async () => {
      begun += 1;
      over.abort();
      throw new Error('failed');
    });
    expect(await work.catch(({ message }: Error) => message)).to.equal('failed');
    expect(begun).to.equal(1);
  });
});
