import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { env } from '../../../shared/base/env.ts';
import { checkBounces } from '../../../shared/notifications/checkMail.ts';
import { MaildropError, readMaildrop } from '../../../shared/notifications/maildrop.ts';
import { runCommand } from '../../support/own-database.ts';
import { type Maildrop, startMaildrop, uidOf } from '../../support/maildrop.ts';

describe('a mailbox', () => {
  let drop: Maildrop;
  beforeEach(async () => {
    drop = await startMaildrop();
  });
  afterEach(() => drop.stop());
  const codeOf = (url: string) =>
    readMaildrop(new URL(url), new Set(), async () => false).then(
      () => 'read',
      (err: unknown) => (err instanceof MaildropError ? [err.code, err.message.includes('ann@')] : err),
    );

  it('is read whole, keeps what nobody takes, and is not asked for it again', async () => {
    drop.mails = ['first\n.dots\n..and dots', 'second', `long ${'x'.repeat(300_000)}`];
    const [known, read] = [new Set<string>(), [] as string[]];
    const visit = () =>
      readMaildrop(new URL(drop.url), known, async (mail) => {
        read.push(mail);
        return mail === 'second';
      });
    await visit();
    expect(read).to.deep.equal(['first\n.dots\n..and dots', 'second']);
    expect(drop.mails.map((mail) => mail.slice(0, 5))).to.deep.equal(['first', 'long ']);
    drop.commands.length = 0;
    await visit();
    expect(drop.commands).to.deep.equal(['LIST', 'UIDL', 'QUIT']);
  });

  it('finds a new mail behind ten thousands that stay, and remembers no mail that is gone', async () => {
    const stay = Array.from({ length: 30_000 }, (_, i) => `mail ${i}`);
    drop.mails = [...stay, 'new'];
    const known = new Set(['uid-of-before', ...stay.map(uidOf)]);
    await readMaildrop(new URL(drop.url), known, async (mail) => mail === 'new');
    expect(drop.mails).to.have.length(stay.length);
    expect([known.size, known.has('uid-of-before')]).to.deep.equal([stay.length, false]);
  });

  it('is left after the present mail when the process stops', async () => {
    drop.mails = ['first', 'second'];
    const read = `import { stop } from './shared/base/stop.ts';
      import { readMaildrop } from './shared/notifications/maildrop.ts';
      await readMaildrop(new URL(${JSON.stringify(drop.url)}), new Set(), async () => Boolean(void stop()) || true);`;
    await runCommand(process.execPath, ['--input-type=module', '-e', read], {});
    expect(drop.commands).to.deep.equal(['LIST', 'UIDL', 'RETR 1', 'DELE 1', 'QUIT']);
    expect(drop.mails).to.deep.equal(['second']);
  });

  it('that refuses, or is not there, is named by a code and no text of its server', async () => {
    expect(await codeOf(drop.url.replace('p%40ss', 'wrong'))).to.deep.equal(['pass refused', false]);
    expect(await codeOf(drop.url.replace('returns', 'nobody'))).to.deep.equal(['user refused', false]);
    expect(await codeOf(drop.url.replace('returns', 'a%0d%0aDELE%201'))).to.deep.equal(['EINVAL', false]);
    await drop.stop();
    expect(await codeOf(drop.url)).to.deep.equal(['ECONNREFUSED', false]);
  });

  it('that another program reads lets us in too', async () => {
    const { MAIL_BOUNCES_URL } = env;
    const check = (url: string) => {
      Object.assign(env, { MAIL_BOUNCES_URL: url });
      return checkBounces().finally(() => Object.assign(env, { MAIL_BOUNCES_URL }));
    };
    drop.inUse = true;
    expect(await check(drop.url)).to.equal('healthy');
    expect(await codeOf(drop.url)).to.deep.equal(['in use', false]);
    await drop.stop();
    expect(await check(drop.url)).to.equal('unhealthy: nothing answers there (ECONNREFUSED)');
    expect(await check('')).to.equal('off');
  });

  it('is read by TLS, where its certificate is verified', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-pop3s-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1';
    execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const secure = await startMaildrop({ key: readFileSync(key), cert: readFileSync(cert) });
    secure.mails = ['a mail'];
    const read = (url: string) => `import { readMaildrop } from './shared/notifications/maildrop.ts';
      await readMaildrop(new URL(${JSON.stringify(url)}), new Set(), async (mail) => console.log(mail));`;
    const node = (env: Record<string, string>, url = secure.url) =>
      runCommand(process.execPath, ['--input-type=module', '-e', read(url)], env);
    const trusting = { NODE_EXTRA_CA_CERTS: cert };
    for (const url of [secure.url, secure.url.replace('localhost', '127.0.0.1')])
      expect(await node(trusting, url), url).to.include({ stdout: 'a mail\n', stderr: '' });
    expect((await node({})).stderr).to.include('DEPTH_ZERO_SELF_SIGNED_CERT');
    await secure.stop();
    rmSync(folder, { recursive: true });
  });
});
