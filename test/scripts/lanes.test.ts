import { globSync } from 'node:fs';
import { expect } from 'chai';
import { lanesOf } from '../../scripts/lanes/lanesOf.ts';
import { importsIn } from '../../scripts/lanes/reaches.ts';

describe('the lanes of npm test', () => {
  const choices = { faults: true, stores: false };
  const files = globSync('test/**/*.test.ts').toSorted();

  it('run every file', () => {
    expect([...new Set(lanesOf(choices).flat())].toSorted()).to.deep.equal(files);
  });

  it('leave out, with --stores, browsers and what reaches no database', () => {
    const run = lanesOf({ faults: true, stores: true }).flat();
    expect(run).to.include.members([
      'test/api/chat.test.ts',
      'test/db/schema.test.ts',
      'test/faults/completion-killed.test.ts',
    ]);
    expect(run.filter(isBrowsers)).to.deep.equal([]);
    expect(run).not.to.include('test/shared/texts.test.ts');
  });

  it('find imports of any form, and take no other text for one', () => {
    const text = `import './setup.ts';
import type { Only } from './types.ts';
import Koa, {
  type Context,
} from 'koa';
export { one } from './one.ts';
export function late() {
  // The database's own driver is loaded when it is first used.
  return import('./late.ts');
}
export const name = 'no import';
/** It's read from here. */
export type Other = 'neither';`;
    expect(importsIn(text)).to.deep.equal(['./setup.ts', 'koa', './one.ts', './late.ts']);
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
