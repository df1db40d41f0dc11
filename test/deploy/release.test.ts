import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, runCommand } from '../support/own-database.ts';

describe('scripts/release.sh', function () {
  this.timeout(60_000);
  let tree: string;
  beforeEach(async () => {
    tree = mkdtempSync(join(tmpdir(), 'parley-release-'));
    writeFileSync(join(tree, 'package.json'), '{ "name": "one", "version": "0.1.0" }\n');
    writeFileSync(
      join(tree, 'CHANGELOG.md'),
      '# Changelog\n\n## 0.2.0\n\nNot tagged yet.\n\n- One.\n\n## 0.1.0\n\n- All.\n',
    );
    await git('init', '-q');
    await git('add', '-A');
    await git('commit', '-qm', 'one');
  });
  afterEach(() => rmSync(tree, { recursive: true }));

  const as = ['user.name=one', 'user.email=one@example.org'].flatMap((setting) => ['-c', setting]);
  const git = (...args: string[]) => runCommand('git', ['-C', tree, ...as, ...args]);
  const release = (...args: string[]): Promise<Ended> =>
    runCommand('bash', ['scripts/release.sh', ...args], {
      RELEASE_TREE: tree,
      ...Object.fromEntries(
        ['AUTHOR', 'COMMITTER'].flatMap((who) => [
          [`GIT_${who}_NAME`, 'one'],
          [`GIT_${who}_EMAIL`, 'one@example.org'],
        ]),
      ),
    });

  it('tags a version that package.json and the changelog name, with the date', async () => {
    expect((await release('--check', 'v0.2.0')).stderr).to.equal(
      'release: package.json says 0.1.0, not 0.2.0\n',
    );
    expect(await release('0.2.0')).to.include({ code: 0, stderr: '' });
    expect((await git('tag')).stdout).to.equal('v0.2.0\n');
    expect((await git('status', '--porcelain')).stdout).to.equal('');
    expect(readFileSync(join(tree, 'CHANGELOG.md'), 'utf8')).to.match(/## 0\.2\.0\n\n\d{4}-\d\d-\d\d\.\n/);
    expect(await release('--check', 'v0.2.0')).to.include({ code: 0, stderr: '' });
  });

  it('refuses a version without a section, one that is tagged, and changes that are not committed', async () => {
    expect((await release('0.3.0')).stderr).to.equal('release: CHANGELOG.md has no section 0.3.0\n');
    await release('0.2.0');
    expect((await release('0.2.0')).stderr).to.equal('release: v0.2.0 is tagged already\n');
    writeFileSync(join(tree, 'new'), '');
    expect((await release('0.2.0')).stderr).to.equal('release: commit your changes first\n');
  });
});
