import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { isWell, table } from '../../lab/drill/outcome.ts';
import { walDrills } from '../../lab/drill/wal.ts';
import { onNative } from '../support/native.ts';

const age = spawnSync('age', ['--version']).status === 0;

(onNative ? describe : describe.skip)('npm run drill', () => {
  it('recovers to the moment before an accident, and to the last kept WAL, with each answer once', async function () {
    this.timeout(600_000);
    const outcomes = await walDrills(5, 2, age);
    console.log(table(outcomes).replaceAll(/^/gm, '      '));
    for (const one of outcomes) expect(isWell(one), JSON.stringify(one)).to.equal(true);
    const [moment, end] = outcomes;
    // What was taken before the accident is all there; of the rest, what the last ten seconds held may be lost.
    expect(moment?.missing).to.equal(0);
    expect(end?.missing).to.be.below(end?.accepted ?? 0);
  });
});
