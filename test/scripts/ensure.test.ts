import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { until } from '../support/until.ts';

/** Stands for npm: notes that it was called, and installs when the file `go` is there; fails if that says so. */
const NPM = `#!/bin/sh
[ "$1" = ci ] || exit 0
rm -rf node_modules
echo "$$" >>calls
until [ -s go ]; do sleep 0.05; done
mkdir node_modules
exit "$(cat go)"
`;

describe('scripts/ensure.sh', function () {
  this.timeout(30_000);
  let root: string;
  const file = (name: string) => join(root, name);
  const calls = () =>
    existsSync(file('calls')) ? readFileSync(file('calls'), 'utf8').trim().split('\n') : [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'parley-ensure-'));
    for (const folder of ['scripts', 'bin']) mkdirSync(file(folder));
    copyFileSync(resolve('scripts/ensure.sh'), file('scripts/ensure.sh'));
    writeFileSync(file('package-lock.json'), '{}');
    writeFileSync(file('bin/npm'), NPM, { mode: 0o755 });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function ensure() {
    const child = spawn('sh', [file('scripts/ensure.sh')], {
      env: { ...process.env, PATH: `${file('bin')}:${process.env.PATH}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return { child, said: text(child.stderr), code: once(child, 'exit').then(([code]) => code as number) };
  }

  it('installs once when three commands start at once', async () => {
    const first = ensure();
    await until('npm is called', async () => calls().length === 1);
    const others = [ensure(), ensure()];
    const waits = others.map(async ({ child }) => String((await once(child.stderr, 'data'))[0]));
    expect(await Promise.all(waits)).to.deep.equal(
      others.map(
        () => `Waiting for the command that installs the dependencies (process ${first.child.pid}) ...\n`,
      ),
    );
    writeFileSync(file('go'), '0');
    expect(await Promise.all([first, ...others].map(({ code }) => code))).to.deep.equal([0, 0, 0]);
    expect(calls()).to.have.length(1);
    expect(existsSync(file('.installing'))).to.equal(false);
    expect(await ensure().code, 'a later command').to.equal(0);
    expect(calls()).to.have.length(1);
  });

  it('installs nothing after a plain `npm ci`, and after one that left something out installs', async () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { prepare: string } };
    // Node is a development tool of the project. Another package stands for it here.
    const devDependencies = { node: 'file:node' };
    const installed = { name: 'node', version: '1.0.0', bin: { node: 'run.sh' } };
    const packages = {
      '': { devDependencies },
      node: { ...installed, dev: true },
      'node_modules/node': { resolved: 'node', link: true },
    };
    const json = (path: string, value: unknown) => writeFileSync(file(path), JSON.stringify(value));
    mkdirSync(file('node'));
    json('package.json', { devDependencies, scripts: { prepare: scripts.prepare } });
    json('node/package.json', installed);
    writeFileSync(file('node/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    json('package-lock.json', { lockfileVersion: 3, requires: true, packages });
    writeFileSync(file('go'), '0');
    const npm = (...options: string[]) =>
      spawnSync('npm', ['ci', '--offline', '--no-audit', ...options], { cwd: root, encoding: 'utf8' });
    expect(npm()).to.include({ status: 0 });
    expect(await ensure().code).to.equal(0);
    expect(calls()).to.deep.equal([]);
    for (const [i, left] of ['--omit=dev', '--omit=optional', '--ignore-scripts'].entries()) {
      expect(npm(left)).to.include({ status: 0 });
      expect(await ensure().code).to.equal(0);
      expect(calls(), left).to.have.length(i + 1);
    }
  });

  it('installs when the process that began to is dead', async () => {
    symlinkSync(String(spawnSync('true').pid), file('.installing'));
    writeFileSync(file('go'), '0');
    expect(await ensure().code).to.equal(0);
    expect(calls()).to.have.length(1);
  });

  it('installs when another process has the number of the one that began to', async function () {
    // Elsewhere no list of processes says what they run.
    if (!existsSync('/proc/self/cmdline')) this.skip();
    symlinkSync(String(process.pid), file('.installing'));
    writeFileSync(file('go'), '0');
    expect(await ensure().code).to.equal(0);
    expect(calls()).to.have.length(1);
  });

  it('installs when it has the number of the one that began to itself', async () => {
    writeFileSync(file('go'), '0');
    const child = spawn('sh', ['-c', `ln -s $$ .installing && exec sh scripts/ensure.sh`], {
      cwd: root,
      env: { ...process.env, PATH: `${file('bin')}:${process.env.PATH}` },
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
    expect(calls()).to.have.length(1);
  });

  it('leaves the installation to the next command when npm fails', async () => {
    writeFileSync(file('go'), '3');
    const failed = ensure();
    expect(await failed.code).to.equal(1);
    expect(existsSync(file('.installing'))).to.equal(false);
    writeFileSync(file('go'), '0');
    expect(await ensure().code).to.equal(0);
  });

  it('says why no link can be made, and installs nothing', async () => {
    // Root may write everywhere.
    writeFileSync(file('.installing'), '');
    const { code, said } = ensure();
    expect(await code).to.not.equal(0);
    expect(await said).to.include('.installing');
    expect(calls()).to.deep.equal([]);
  });
});
