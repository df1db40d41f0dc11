import { globSync } from 'node:fs';
import { expect } from 'chai';
import { lanesOf } from '../../scripts/lanes/lanesOf.ts';

describe('the lanes of npm test', () => {
  const choices = { native: false, faults: true, once: false };
  const run = (choice: Partial<typeof choices>) => [...new Set(lanesOf({ ...choices, ...choice }).flat())];
  const files = globSync('test/**/*.test.ts').toSorted();

  it('run every file, on PGlite and on PostgreSQL', () => {
    expect(run({ native: false }).toSorted()).to.deep.equal(files);
    expect(run({ native: true }).toSorted()).to.deep.equal(files);
  });

  it('leave out of one database, with --once, only what the other runs', () => {
    const [small, native] = [run({ once: true, faults: false }), run({ once: true, native: true })];
    expect([...new Set([...small, ...native])].toSorted()).to.deep.equal(files);
    // What asks a database runs on both, unless it starts the product’s processes or a browser.
    expect(small).to.include.members([
      'test/api/chat.test.ts',
      'test/db/schema.test.ts',
      'test/docs.test.ts',
    ]);
    expect(native).to.include.members(['test/api/chat.test.ts', 'test/db/schema.test.ts']);
    expect(native).not.to.include('test/shared/texts.test.ts');
  });

  it('look at the schema before any file changes it', () => {
    expect(lanesOf(choices)[0]?.[0]).to.equal('test/db/schema.test.ts');
  });

  it('run two browsers at once where nothing else is left, and never more', () => {
    const [helper, own, ...more] = lanesOf(choices).filter((lane) => lane.some(isBrowsers));
    expect(more).to.deep.equal([]);
    expect(helper?.slice(helper.findIndex(isBrowsers)).every(isBrowsers)).to.equal(true);
    expect(own?.findIndex((file) => !isBrowsers(file))).to.equal(files.filter(isBrowsers).length);
  });
});

function isBrowsers(file: string): boolean {
  return file.startsWith('test/browser/');
}
