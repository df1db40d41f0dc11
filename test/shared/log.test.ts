import { expect } from 'chai';
import { presentError } from '../../shared/base/log.ts';

describe('a logged error', () => {
  it('shows the frames of a cause only where they differ from those of the error it caused', () => {
    const logged = presentError(
      new Error('The model cannot be reached.', { cause: new Error('it answered 500') }),
    );
    const cause = logged.cause as Record<string, string>;
    expect(logged.stack).to.match(/^ {4}at .*log\.test\.ts/);
    expect(cause.message).to.equal('it answered 500');
    expect(String(cause.stack).split('\n').length).to.be.below(2);
  });

  it('is bounded in frames, in characters and in causes', () => {
    const deep = (n: number): Error => (n === 0 ? new Error('x'.repeat(100_000)) : deep(n - 1));
    let error = deep(60);
    for (let i = 0; i < 1_000; i += 1) error = new Error('again', { cause: error });
    expect(JSON.stringify(presentError(error)).length).to.be.below(20_000);
    expect(JSON.stringify(presentError(deep(60))).length).to.be.below(10_000);
  });

  it('shows nothing of the other fields', () => {
    const row = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(a@b.example)',
    });
    expect(presentError(row)).to.have.keys('type', 'message', 'code', 'stack');
  });
});
