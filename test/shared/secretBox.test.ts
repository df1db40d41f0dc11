import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { env } from '../../shared/base/env.ts';
import { isCurrent, seal, unseal } from '../../shared/base/secretBox.ts';

const keys = env.DATA_KEYS;
const [OLD, NEW] = ['o'.repeat(32), 'n'.repeat(32)];

describe('the secret box', () => {
  afterEach(() => {
    keys.splice(0);
  });

  it('opens what it sealed, and shows nothing of the secret', () => {
    keys.push(OLD);
    const sealed = seal('whsec_ä', 'webhook:7');
    expect(sealed).to.match(/^v1\.[0-9a-f]{12}\.[\w-]{16}\.[\w-]+$/);
    expect(sealed).to.not.include('whsec');
    expect(unseal(sealed, 'webhook:7')).to.equal('whsec_ä');
    expect(seal('whsec_ä', 'webhook:7')).to.not.equal(sealed);
  });

  it('opens a secret under its own label only, and never a changed one', () => {
    keys.push(OLD);
    const sealed = seal('secret', 'webhook:7');
    expect(() => unseal(sealed, 'webhook:8')).to.throw();
    const at = sealed.length - 4;
    const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
    expect(() => unseal(changed, 'webhook:7')).to.throw();
    const cut = sealed.slice(0, sealed.lastIndexOf('.') + 6);
    for (const broken of [cut, '', 'v1', sealed.replace('v1', 'v2')])
      expect(() => unseal(broken, 'webhook:7'), broken).to.throw();
  });

  it('opens what any of the keys sealed, and seals under the first', () => {
    keys.push(OLD);
    const sealed = seal('secret', 'x');
    keys.unshift(NEW);
    expect(unseal(sealed, 'x')).to.equal('secret');
    expect(isCurrent(sealed)).to.equal(false);
    expect(isCurrent(seal('secret', 'x'))).to.equal(true);
    keys.pop();
    expect(() => unseal(sealed, 'x')).to.throw('no configured key');
  });

  it('uses JWT_SECRET without DATA_KEYS, and opens these secrets also after DATA_KEYS is set', () => {
    const sealed = seal('secret', 'x');
    expect(unseal(sealed, 'x')).to.equal('secret');
    keys.push(NEW);
    expect(unseal(sealed, 'x')).to.equal('secret');
    expect(isCurrent(sealed)).to.equal(false);
  });

  it('ends a process that has no key, or a short one, with one line that names the variable', () => {
    const script = "import('./shared/base/secretBox.ts').then(({ requireDataKeys }) => requireDataKeys())";
    const start = (more: Record<string, string>) => {
      const { status, stderr } = spawnSync(process.execPath, ['-e', script], {
        env: { PATH: process.env.PATH, ...more },
        encoding: 'utf8',
      });
      return { status, stderr };
    };
    expect(start({})).to.deep.equal({ status: 1, stderr: 'parley: DATA_KEYS or JWT_SECRET is not set\n' });
    const short = start({ DATA_KEYS: `${OLD},short` });
    expect(short.status).to.equal(1);
    expect(short.stderr)
      .to.match(/^parley: DATA_KEYS must be .*\n$/)
      .and.not.include(OLD);
    expect(start({ DATA_KEYS: OLD })).to.deep.equal({ status: 0, stderr: '' });
    expect(start({ JWT_SECRET: 'x' })).to.deep.equal({ status: 0, stderr: '' });
  });
});
