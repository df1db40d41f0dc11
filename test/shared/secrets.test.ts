import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const STRONG = 'kq3v9XbT0wLr7ZpYe2HsUn5MdGa8CfJi';

describe('JWT_SECRET', () => {
  /** Returns the output and the exit code of a process that needs the secret. */
  const start = async (JWT_SECRET: string, NODE_ENV: string) => {
    const script = "const { requireEnv } = await import('./shared/base/env.ts'); requireEnv('JWT_SECRET');";
    const env = { ...process.env, JWT_SECRET, NODE_ENV };
    return run(process.execPath, ['--input-type=module', '-e', script], { env }).then(
      ({ stderr }) => ({ code: 0, stderr }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
    );
  };
  const weak = ['x', STRONG.slice(1), `${STRONG},short`, 'put a long random JWT_SECRET into .env'];

  it('stops the start in production when a secret is short or an example, in one line without it', async () => {
    for (const secret of weak) {
      const { code, stderr } = await start(secret, 'production');
      expect([code, stderr.trim().split('\n').length], stderr).to.deep.equal([1, 1]);
      expect(stderr).to.match(/^parley: JWT_SECRET must /);
      expect(stderr).to.not.contain(STRONG.slice(1));
    }
    expect(await start(`${STRONG},${STRONG}2`, 'production')).to.deep.equal({ code: 0, stderr: '' });
  });

  it('causes a warning elsewhere, where the process starts all the same', async () => {
    for (const secret of weak) {
      const { code, stderr } = await start(secret, 'development');
      expect([code, stderr.trim().split('\n').length], stderr).to.deep.equal([0, 1]);
      expect(stderr).to.match(/^parley: warning: JWT_SECRET must /);
    }
  });

  it('has no example in files or documents that production would accept', async () => {
    const files = globSync([
      '*.{md,yml}',
      '.env.example',
      'docs/*.md',
      'Dockerfile',
      'deploy/**/*.{md,yml,yaml}',
    ]);
    const examples = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/JWT_SECRET(?:=|:\s*)(?:\$\{JWT_SECRET:\?)?([^}\n`]+)/g)].map(
        (match) => (match[1] ?? '').trim().replaceAll(/^["']|["']$/g, ''),
      ),
    );
    for (const example of examples) expect((await start(example, 'production')).code, example).to.equal(1);
  });
});
