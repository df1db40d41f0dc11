import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MaildropError, readMaildrop } from '../../../shared/notifications/maildrop.ts';
import { runCommand } from '../../support/own-database.ts';
import { type Maildrop, startMaildrop } from '../../support/maildrop.ts';

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

  it('that refuses, or is not there, is named by a code and no text of its server', async () => {
    expect(await codeOf(drop.url.replace('p%40ss', 'wrong'))).to.deep.equal(['pass refused', false]);
    expect(await codeOf(drop.url.replace('returns', 'nobody'))).to.deep.equal(['user refused', false]);
    expect(await codeOf(drop.url.replace('returns', 'a%0d%0aDELE%201'))).to.deep.equal(['EINVAL', false]);
    await drop.stop();
    expect(await codeOf(drop.url)).to.deep.equal(['ECONNREFUSED', false]);
  });

  it('is read by TLS, where its certificate is verified', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-pop3s-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost';
    execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const secure = await startMaildrop({ key: readFileSync(key), cert: readFileSync(cert) });
    secure.mails = ['a mail'];
    const read = `import { readMaildrop } from './shared/notifications/maildrop.ts';
      await readMaildrop(new URL(${JSON.stringify(secure.url)}), new Set(), async (mail) => console.log(mail));`;
    const node = (env: Record<string, string>) =>
      runCommand(process.execPath, ['--input-type=module', '-e', read], env);
    expect((await node({ NODE_EXTRA_CA_CERTS: cert })).stdout).to.equal('a mail\n');
    expect((await node({})).stderr).to.include('DEPTH_ZERO_SELF_SIGNED_CERT');
    await secure.stop();
    rmSync(folder, { recursive: true });
  });
});
