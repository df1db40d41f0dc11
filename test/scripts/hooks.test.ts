import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { newSecret, sign } from '../../shared/webhooks/sign.ts';

describe('npm run hooks', function () {
  // Each test starts processes.
  this.timeout(60_000);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/hooks.ts', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });

  it('explains itself', () => {
    expect(run('--help')).to.include({ status: 0, stderr: '' });
    expect(run('--help').stdout).to.match(/^npm run hooks -- listen/);
    for (const args of [[], ['send'], ['listen', '--port', 'x'], ['listen', '--status', '99']])
      expect(run(...args).status, args.join(' ')).to.equal(2);
  });

  it('prints what arrives, and says whether it may be believed', async () => {
    const [secret, before] = [newSecret(), newSecret()];
    const child = spawn(process.execPath, ['scripts/hooks.ts', 'listen', '--port', '0', '--status', '202'], {
      env: { PATH: process.env.PATH, WEBHOOK_SECRET: `${secret},${before}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value);
    try {
      const [, url = ''] = /Listening on (\S+)$/.exec(await next()) ?? [];
      const now = Math.floor(Date.now() / 1_000);
      const post = async (by: string, more: { timestamp?: number; sent?: string; signed?: string } = {}) => {
        const { timestamp = now, sent = '{"type":"a\\u001b[2J"}' } = more;
        const body = more.signed ?? sent;
        const signature = sign(by, { id: 'msg_1', timestamp, body });
        const headers = {
          'webhook-id': 'msg_1',
          'webhook-timestamp': `${timestamp}`,
          'webhook-signature': signature,
        };
        const { status } = await fetch(url, { method: 'POST', headers, body: sent });
        expect(status).to.equal(202);
        const printed: string[] = [];
        for (let line = ''; line !== '  }' && line !== '  broken'; printed.push(line)) line = await next();
        return printed;
      };
      expect((await post(secret))[0]).to.match(/POST \/ {2}verified$/);
      const again = await post(before);
      expect(again[0]).to.match(/verified, seen before: a retry or a replay, to be taken once$/);
      expect(again.slice(1)).to.deep.equal(['  webhook-id msg_1', '  {', '    "type": "a\\u001b[2J"', '  }']);
      expect((await post(newSecret()))[0]).to.match(/REFUSE: signature/);
      expect((await post(secret, { signed: '{}' }))[0]).to.match(/REFUSE: signature/);
      expect((await post(secret, { timestamp: now - 400 }))[0]).to.match(/REFUSE: timestamp/);
      expect((await post(secret, { sent: 'broken' }))[0]).to.match(/verified, seen before/);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });
});
