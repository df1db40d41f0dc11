import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { simpleParser } from 'mailparser';
import { URI, type TOTP } from 'otpauth';
import { knex } from '../../db/knex.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { call } from '../support/api.ts';
import { type BuiltUser, buildUser, PASSWORD } from '../support/factories.ts';
import { type Mailbox, startMailbox, tokenIn } from '../support/mailbox.ts';
import { type Stack, startApart } from '../support/stack.ts';
import { until } from '../support/until.ts';

describe('mail for accounts', function () {
  this.timeout(90_000);
  let stack: Stack;
  let mailbox: Mailbox;
  let user: BuiltUser;
  before(async () => {
    mailbox = await startMailbox();
    const env = {
      SMTP_URL: mailbox.url,
      MAIL_FROM: 'Parley <parley@chat.example.org>',
      PUBLIC_URL: 'https://chat.example.org',
    };
    stack = await startApart(env, ['web', 'notification', 'housekeeping']);
  });
  beforeEach(async () => {
    user = await buildUser();
  });
  after(async () => {
    await stack.stop();
    await mailbox.stop();
  });

  const api = (method: string, path: string, body?: unknown, options: object = {}) =>
    call(`${stack.web[0]}/api/v1${path}`, method, body, options);
  const statuses = async (...answers: Promise<{ status: number }>[]) =>
    (await Promise.all(answers)).map(({ status }) => status);

  it('a forgotten password is set by the link in the mail, once', async () => {
    expect((await api('POST', '/auth/password/forgot', { email: user.email })).status).to.equal(202);
    const mail = await mailbox.next(user.email);
    expect(mail.subject).to.equal('Set a new password');
    expect(mail.text).to.include('https://chat.example.org/reset-password#token=');
    expect(mail.header('list-unsubscribe')).to.equal('');
    const reset = { token: tokenIn(mail), password: 'battery staple horse' };
    expect((await api('POST', '/auth/password/reset', reset)).status).to.equal(204);
    expect((await api('POST', '/auth/password/reset', reset)).status).to.equal(410);
    const login = (password: string) => api('POST', '/auth/login', { email: user.email, password });
    expect(await statuses(login(PASSWORD), login('battery staple horse'))).to.deep.equal([401, 200]);
  });

  it('the database holds no token that a mail holds', async () => {
    await api('POST', '/auth/password/forgot', { email: user.email });
    const token = tokenIn(await mailbox.next(user.email));
    for (const table of ['notifications', 'mails', 'password_resets'])
      expect(JSON.stringify(await knex(table)), table).not.to.include(token);
  });

  it('an unknown address costs the same rows and gets no mail', async () => {
    // Counts what was ever inserted: a worker deletes the row of nobody at once.
    const count = async () => Number((await knex('notifications_id_seq').first()).last_value);
    const before = await count();
    expect((await api('POST', '/auth/password/forgot', { email: 'nobody@example.com' })).status).to.equal(
      202,
    );
    expect(await count()).to.equal(before + 1);
    // Mails leave in the order of their requests; one that follows shows that the first is dealt with.
    await api('POST', '/auth/password/forgot', { email: user.email });
    await mailbox.next(user.email);
    expect(mailbox.mails.filter(({ to }) => to === 'nobody@example.com')).to.deep.equal([]);
  });

  it('a registration is confirmed by the link in the mail; used links are gone, unknown ones invalid', async () => {
    const email = 'new.reader@example.com';
    const fields = { email, username: 'new.reader', password: PASSWORD, language: 'de', gdpr_consent: true };
    const registered = await api('POST', '/auth/register', fields);
    expect(registered.status).to.equal(201);
    expect(registered.body.user).to.include({ email_verified_at: null });
    const token = registered.body.access_token as string;
    const mail = await mailbox.next(email);
    expect(mail.subject).to.equal('Bestätigen Sie Ihre E-Mail-Adresse');
    expect(mail.html).to.include('<html lang="de">');
    const verify = (given: string) => api('POST', '/auth/verify-email', { token: given });
    expect(await statuses(verify('none of ours'))).to.deep.equal([400]);
    expect((await verify(tokenIn(mail))).status).to.equal(204);
    const again = await verify(tokenIn(mail));
    expect([again.status, again.body.code]).to.deep.equal([410, 'gone']);
    const { body } = await api('GET', '/users/me', undefined, { token });
    expect(body.email_verified_at).to.be.a('string');
    // A confirmed address gets no further link.
    expect((await api('POST', '/auth/verify-email/send', undefined, { token })).status).to.equal(202);
    expect(
      await knex('notifications').where({ kind: 'email_verification', user_id: body.id }),
    ).to.have.length(1);
  });

  it('a link that ran out is gone, and another one may be asked for', async () => {
    const { access: token } = user;
    await api('POST', '/auth/verify-email/send', undefined, { token });
    const first = tokenIn(await mailbox.next(user.email));
    await knex('email_verifications')
      .where({ user_id: user.id })
      .update({ expires_at: new Date(0) });
    expect(await statuses(api('POST', '/auth/verify-email', { token: first }))).to.deep.equal([410]);
    await api('POST', '/auth/verify-email/send', undefined, { token });
    const second = tokenIn(await mailbox.next(user.email, 2));
    expect(await statuses(api('POST', '/auth/verify-email', { token: second }))).to.deep.equal([204]);
  });

  it('a new address counts when its link is used, and both addresses are told', async () => {
    const { access: token, email: old } = user;
    const wanted = `moved.${old}`;
    const change = (password: string) =>
      api('POST', '/users/me/email', { email: wanted, password }, { token });
    expect((await change('not my password')).status).to.equal(400);
    expect((await change(PASSWORD)).status).to.equal(202);
    expect((await mailbox.next(old)).subject).to.equal('Your e-mail address is about to change');
    const link = tokenIn(await mailbox.next(wanted));
    expect((await api('GET', '/users/me', undefined, { token })).body.email).to.equal(old);
    expect((await api('POST', '/auth/verify-email', { token: link })).status).to.equal(204);
    expect((await api('GET', '/users/me', undefined, { token })).body.email).to.equal(wanted);
    expect((await mailbox.next(old, 2)).subject).to.equal('Your e-mail address was changed');
  });

  it('a new address that somebody else has is refused when its link is used, not before', async () => {
    const other = await buildUser();
    const { access: token } = user;
    const body = { email: other.email, password: PASSWORD };
    expect((await api('POST', '/users/me/email', body, { token })).status).to.equal(202);
    const link = tokenIn(await mailbox.next(other.email));
    expect((await api('POST', '/auth/verify-email', { token: link })).body.code).to.equal('already_exists');
    expect((await api('GET', '/users/me', undefined, { token })).body.email).to.equal(user.email);
  });

  it('a sign-in from a device that was not seen before is mailed, another from it is not', async () => {
    const login = (agent: string) =>
      api(
        'POST',
        '/auth/login',
        { email: user.email, password: PASSWORD },
        { headers: { 'user-agent': agent } },
      );
    expect((await login('Firefox/145.0 (X11; <b>Linux</b>)')).status).to.equal(200);
    const mail = await mailbox.next(user.email);
    expect(mail.subject).to.equal('A new sign-in to your account');
    expect(mail.text).to.include('Firefox').and.not.include('145');
    expect(mail.html).not.to.include('<b>');
    await login('Firefox/146.0 (X11; <b>Linux</b>)');
    await login('curl/8');
    const last = await mailbox.next(user.email, 2);
    expect(last.text).to.include('curl').and.not.include('curl/8');
    const { body } = await api('GET', '/notifications', undefined, { token: user.access });
    expect((body.data as { kind: string }[]).map(({ kind }) => kind)).to.deep.equal([
      'new_sign_in',
      'new_sign_in',
    ]);
    expect(body.unread).to.equal(2);
  });

  it('what was done to an account is mailed: a changed password, a used recovery code, a second factor that is off', async () => {
    const { access: token, email } = user;
    const factor = (method: string, path: string, body: object) =>
      api(method, `/users/me/second-factor${path}`, body, { token });
    const begun = await factor('POST', '', { password: PASSWORD });
    const code = (URI.parse(String(begun.body.uri)) as TOTP).generate();
    expect((await factor('POST', '/confirm', { code })).status).to.equal(204);

    const login = await api('POST', '/auth/login', { email, password: PASSWORD });
    const [recovery] = begun.body.recovery_codes as string[];
    const second = { token: login.body.second_factor_token, code: recovery };
    const agent = { headers: { 'user-agent': 'curl/8' } };
    expect((await api('POST', '/auth/second-factor', second, agent)).status).to.equal(200);
    const subjects = async (n: number) => {
      await mailbox.next(email, n);
      return mailbox.mails.filter(({ to }) => to === email).map(({ subject }) => subject);
    };
    expect(await subjects(2)).to.have.members([
      'A new sign-in to your account',
      'A recovery code of your account was used',
    ]);
    const used = mailbox.mails.find(({ to, subject }) => to === email && subject.includes('recovery'));
    expect(used?.text).to.include('curl').and.to.include('https://chat.example.org/account');

    expect((await factor('DELETE', '', { password: PASSWORD })).status).to.equal(204);
    expect((await subjects(3)).at(-1)).to.equal('The second factor of your account was switched off');
    const next = { current_password: PASSWORD, new_password: 'battery staple horse' };
    expect((await api('POST', '/users/me/password', next, { token })).status).to.equal(204);
    expect((await subjects(4)).at(-1)).to.equal('Your password was changed');
    const { body } = await api('GET', '/notifications', undefined, { token });
    expect((body.data as { kind: string }[]).map(({ kind }) => kind)).to.include.members([
      'recovery_code_used',
      'second_factor_off',
      'password_changed',
    ]);
  });

  it('an erased account gets a last mail, after which no row holds its address', async () => {
    const address = 'erased@example.com';
    const data = JSON.stringify({ address, language: 'de' });
    await knex.raw(`SELECT owe_notification('account_erased', NULL, CAST(? AS jsonb))`, [data]);
    expect((await mailbox.next(address)).subject).to.equal('Ihr Konto wurde gelöscht');
    await until('the rows are gone', async () => {
      const left = [...(await knex('mails')), ...(await knex('notifications'))];
      return !JSON.stringify(left).includes(address);
    });
  });

  it('without a mail server what needs mail says so, and health shows it', async () => {
    const web = await startProcfile('web', { MAIL_DIR: '' });
    const url = `${web.url}/api/v1`;
    const forgot = await call(`${url}/auth/password/forgot`, 'POST', { email: user.email });
    expect([forgot.status, forgot.body.code]).to.deep.equal([503, 'not_configured']);
    const again = await call(`${url}/auth/verify-email/send`, 'POST', undefined, { token: user.access });
    expect([again.status, again.body.code]).to.deep.equal([503, 'not_configured']);
    expect((await call(`${web.url}/health`)).body.mail).to.equal('off');
    expect((await call(`${stack.web[0]}/health`)).body.mail).to.equal('healthy');
    await web.stop();
  });

  it('mails are text and HTML without anything from elsewhere, and machine-made', async () => {
    await api('POST', '/auth/password/forgot', { email: user.email });
    const mail = await mailbox.next(user.email);
    expect(mail.header('from')).to.equal('Parley <parley@chat.example.org>');
    expect(mail.header('content-type')).to.match(/^multipart\/alternative/);
    expect(mail.header('auto-submitted')).to.equal('auto-generated');
    expect(mail.messageId).to.match(/^<[0-9a-f-]{36}@chat\.example\.org>$/);
    expect(mail.html).not.to.match(/<img|<script|<link|src=|url\(/);
    expect(mail.html)
      .to.match(/<html lang="en">/)
      .and.to.match(/<h1/)
      .and.to.match(/<title>Set a new password/);
  });

  it('mails are files where a folder is named instead of a server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-mail-'));
    const worker = await startProcfile('notification', { SMTP_URL: '', MAIL_DIR: folder });
    await Promise.all(stack.of('notification').map((one) => one.stop()));
    await api('POST', '/auth/password/forgot', { email: user.email });
    const file = await until('the file', async () =>
      (await readdir(folder)).find((name) => name.endsWith('.eml')),
    );
    const mail = await simpleParser(await readFile(join(folder, file)));
    expect(mail.subject).to.equal('Set a new password');
    expect(mail.text).to.include('/reset-password#token=');
    await worker.stop();
    await rm(folder, { recursive: true });
  });
});
