import { expect } from 'chai';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/own-database.ts';

/** Writes down what it is asked, and fails where FAIL matches the release and the request. */
const DOCKER = `#!/bin/sh
echo "\${PARLEY_VERSION:--} $*" >>"$LOG"
case "$*" in *'config --services'*) printf 'postgres\\nweb-a\\nredis\\ncompletion\\nweb-b\\nbackup\\n' ;; esac
echo "\${PARLEY_VERSION:--} $*" | grep -qE "\${FAIL:-^$}" && exit 1
exit 0`;

describe('deploy/upgrade.sh', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-upgrade-'));
    mkdirSync(join(folder, 'deploy'));
    cpSync('deploy/upgrade.sh', join(folder, 'deploy/upgrade.sh'));
    writeFileSync(join(folder, 'docker'), DOCKER);
    chmodSync(join(folder, 'docker'), 0o755);
    writeFileSync(join(folder, '.env'), 'JWT_SECRET=x\nPARLEY_VERSION=1.0.0\n', { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function upgrade(fail = '', ...args: string[]) {
    const log = join(folder, 'log');
    writeFileSync(log, '');
    const { code, stdout } = await runCommand('bash', [join(folder, 'deploy/upgrade.sh'), ...args], {
      PATH: `${folder}:${process.env.PATH}`,
      LOG: log,
      FAIL: fail,
      UPGRADE_WAIT_S: '0',
    });
    const asked = readFileSync(log, 'utf8').trim().split('\n');
    const put = asked
      .filter((line) => line.includes(' --wait '))
      .map((line) => `${line.split(' ').at(-1)} ${line.split(' ')[0]}`);
    return { code, stdout, asked, put, env: readFileSync(join(folder, '.env'), 'utf8') };
  }

  it('dumps, migrates, replaces the processes one by one, and writes the release down', async () => {
    const { code, put, asked, env } = await upgrade('', '1.1.0');
    expect(code).to.equal(0);
    expect(put).to.deep.equal(['completion 1.1.0', 'web-a 1.1.0', 'web-b 1.1.0']);
    const order = ['pull -q', 'scripts/backup.ts dump', 'release', ' --wait '];
    const places = order.map((step) => asked.findIndex((line) => line.includes(step)));
    expect(places).to.deep.equal(places.toSorted((a, b) => a - b));
    expect(places).not.to.include(-1);
    expect(env).to.equal('JWT_SECRET=x\nPARLEY_VERSION=1.1.0\n');
  });

  it('goes back in reverse order when a process does not get ready', async () => {
    const { code, put, env, stdout } = await upgrade('^1.1.0 .*exec -T web-a', '1.1.0');
    expect(code).to.equal(1);
    expect(put).to.deep.equal(['completion 1.1.0', 'web-a 1.1.0', 'web-a 1.0.0', 'completion 1.0.0']);
    expect(env).to.include('PARLEY_VERSION=1.0.0');
    expect(stdout).to.include('web-a does not get ready; going back to 1.0.0');
  });

  it('replaces nothing when the migrations fail', async () => {
    const { code, put } = await upgrade('run .* release$', '1.1.0');
    expect([code, put]).to.deep.equal([1, []]);
  });

  it('migrates nothing when the dump fails, and needs none with --no-dump', async () => {
    const failed = await upgrade('backup.ts dump', '1.1.0');
    expect(failed.code).to.equal(1);
    expect(failed.asked.join('\n')).not.to.match(/release$/m);
    expect((await upgrade('backup.ts dump', '1.1.0', '--no-dump')).code).to.equal(0);
  });

  it('says so when the release before does not get ready either', async () => {
    expect((await upgrade('exec -T web-a', '1.1.0')).code).to.equal(2);
  });

  it('takes no version that a shell would read otherwise', async () => {
    expect((await upgrade('', '1;reboot')).code).to.equal(64);
  });
});
