import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { loadEverything } from '../scripts/services/everything.ts';

describe('the product', () => {
  it('loads, with every file and package that it loads at first use', async () => {
    await loadEverything(['api/server.ts', 'workers/run.ts']);
  });

  it('serves without what few replicas need', () => {
    const loaded = loadedBy('api/app.ts');
    expect(loaded).to.include.members(['api/chat/routes.ts', 'node_modules/koa']);
    expect(loaded.filter((file) => AT_FIRST_USE.some((one) => one.test(file)))).to.deep.equal([]);
  });
});

/** What `web` at rest does not hold: docs/performance.md, "Memory at rest". */
const AT_FIRST_USE = [
  /^node_modules\/(tiktoken|openai|nodemailer|otpauth)$/,
  /^node_modules\/@(bull-board|node-rs)\//,
];

/** Returns the files of ours and the packages that a fresh process loads with a file. */
function loadedBy(file: string): string[] {
  const { stdout, stderr } = spawnSync(process.execPath, ['test/support/loaded.ts', file], {
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  // Lines of the log may come before.
  const list = stdout.split('\n').at(-1) ?? '';
  return list === '' ? expect.fail(stderr) : (JSON.parse(list) as string[]);
}
