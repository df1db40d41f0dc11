import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Mailbox, startMailbox } from '../support/mailbox.ts';
import { reportOn, startMaildrop } from '../support/maildrop.ts';
import { type Stack, startApart } from '../support/stack.ts';
import { until } from '../support/until.ts';

describe('mail servers', function () {
  this.timeout(120_000);
  let stack: Stack;
  let mailbox: Mailbox;
  let user: BuiltUser;
  before(async () => {
    mailbox = await startMailbox();
    const env = { SMTP_URL: mailbox.url, MAILS_PER_HOUR: '3' };
    stack = await startApart(env, ['web', 'notification', 'housekeeping']);
  });
  beforeEach(async () => {
    user = await buildUser();
    mailbox.refuse(() => undefined);
  });
  after(async () => {
    await stack.stop();
    await mailbox.stop();
  });

  const now = () => knex.fn.now();
  const owe = async (kind: string, fields: object = {}) => {
    const [owed] = await knex('notifications')
      .insert({ kind, user_id: user.id, due_at: now(), ...fields })
      .returning('id');
    return owed.id as number;
  };
  const signIn = () => owe('new_sign_in', { data: { session_id: user.sid } });
  const mailOf = () => knex('mails').where({ user_id: user.id }).orderBy('id', 'desc').first();
  const mark = async () => (await knex('users').where({ id: user.id }).first()).email_refused_at;

  it('that refuse for now are asked again later', async () => {
    mailbox.refuse((to) => (to === user.email ? { code: 451, message: 'greylisted' } : undefined));
    await signIn();
    const put = await until('it is put off', async () =>
      knex('mails').where({ user_id: user.id, error: '451' }).first(),
    );
    expect(Number(put.due_at) - Date.now()).to.be.within(15_000, 31_000);
    expect(await mark()).to.equal(null);
    mailbox.refuse(() => undefined);
    await knex('mails').where({ id: put.id }).update({ due_at: now() });
    await mailbox.next(user.email);
    expect(
      await until('it is noted', async () => ((await mailOf()).sent_at === null ? undefined : mailOf())),
    ).to.include({ tries: 2 });
  });

  it('that refuse for a day are not asked again', async () => {
    mailbox.refuse((to) => (to === user.email ? { code: 451, message: 'greylisted' } : undefined));
    await signIn();
    const put = await until('it is put off', async () =>
      knex('mails').where({ user_id: user.id, error: '451' }).first(),
    );
    const yesterday = new Date(Date.now() - 86_400_000);
    await knex('mails').where({ id: put.id }).update({ due_at: now(), created_at: yesterday });
    await until('it is given up', async () =>
      knex('mails').where({ id: put.id, due_at: null }).whereNotNull('failed_at').first(),
    );
    expect(await mark()).to.equal(null);
  });

  it('that refuse an address for good mark it: it gets what concerns the account, until it takes a mail', async () => {
    mailbox.refuse((to) => (to === user.email ? { code: 550, message: `no ${user.email} here` } : undefined));
    await signIn();
    await until('the address is marked', async () => (await mark()) !== null);
    expect(await mailOf()).to.include({ error: '550', due_at: null, sent_at: null });
    const refused = mailbox.refused();
    const news = await owe('export_ready');
    await until('it is dealt with', async () =>
      knex('notifications').where({ id: news, due_at: null }).first(),
    );
    expect([mailbox.refused(), (await mailOf()).error]).to.deep.equal([refused, '550']);
    mailbox.refuse(() => undefined);
    await signIn();
    await mailbox.next(user.email);
    await until('the mark is taken back', async () => (await mark()) === null);
  });

  it('that refuse a mail and not its address get no second try, and the address stays unmarked', async () => {
    const answers = ['552 5.2.2 mailbox full', '550 5.7.1 not from you', '554 no'];
    for (const [i, answer] of answers.entries()) {
      const [code = '', ...message] = answer.split(' ');
      mailbox.refuse((to) =>
        to === user.email ? { code: Number(code), message: message.join(' ') } : undefined,
      );
      await signIn();
      await until('it is given up', async () => {
        const given = await knex('mails').where({ user_id: user.id, due_at: null }).whereNotNull('failed_at');
        return given.length === i + 1;
      });
      expect(await mailOf()).to.include({ error: code, tries: 1 });
      expect(await mark(), answer).to.equal(null);
    }
  });

  it('that send a mail back later have its address marked at the console', async () => {
    const run = (...args: string[]) => spawnSync(process.execPath, ['scripts/user.ts', ...args]).status;
    expect(run('nobody@example.com', '--bounced')).to.equal(1);
    expect(run(user.email, '--bounced', '--role', 'user')).to.equal(1);
    expect(await mark()).to.equal(null);
    expect(run(user.email, '--bounced')).to.equal(0);
    expect(await mark()).to.be.a('date');
    const news = await owe('export_ready');
    await until('it is dealt with', async () =>
      knex('notifications').where({ id: news, due_at: null }).first(),
    );
    expect(await mailOf()).to.equal(undefined);
    const entry = await knex('audit_entries')
      .where({ subject_id: user.id, action: 'user.email_bounced' })
      .first();
    expect(entry).to.deep.include({ actor_id: null, details: { by: 'console' } });
  });

  it('that send a report back later have its address marked by the mailbox of MAIL_BOUNCES_URL', async () => {
    await signIn();
    const { messageId } = await mailbox.next(user.email);
    await until('it is noted', async () => (await mailOf())?.sent_at);
    const drop = await startMaildrop();
    const late = reportOn(messageId, { action: 'delayed', status: '4.4.1' });
    const [strange, person] = [reportOn('<x@elsewhere.example>'), 'Subject: a person\n\nHello'];
    const colleague = reportOn(messageId.replace('<', '<1'), { automatic: false });
    // A full mailbox says nothing of the address.
    const full = reportOn(messageId, { status: '5.2.2' });
    // Anybody may write to the mailbox: what Postgres refuses may not keep it from being read.
    const poison = reportOn(messageId.replace('<', '<\0'));
    drop.mails = [person, poison, late, full, strange, colleague, reportOn(messageId.replace('<', '<0'))];
    const others = [person, poison, strange, colleague];
    const read = (mails: string[]) => until('it is read', async () => drop.mails.length === mails.length);
    const first = await startProcfile('housekeeping', { MAIL_BOUNCES_URL: drop.url });
    await read(others);
    await first.stop();
    expect([await mark(), (await mailOf()).error]).to.deep.equal([null, '5.2.2']);

    // Our own mail is known, also where the report names it by little more than its Message-ID.
    drop.mails.push(reportOn(messageId, { automatic: false }));
    const second = await startProcfile('housekeeping', { MAIL_BOUNCES_URL: drop.url });
    await read(others);
    await second.stop();
    expect(drop.mails).to.deep.equal(others);
    expect(await mark()).to.be.a('date');
    expect((await mailOf()).error).to.equal('5.1.1');
    const entry = await knex('audit_entries')
      .where({ subject_id: user.id, action: 'user.email_bounced' })
      .first();
    expect(entry).to.deep.include({ actor_id: null, details: { by: 'report', status: '5.1.1' } });
    expect(JSON.stringify([...first.logs, ...second.logs])).to.not.include(user.email);
    await drop.stop();
  });

  it('an address gets so many mails an hour; the others wait', async () => {
    const owed = [await signIn(), await signIn(), await signIn(), await signIn()];
    await mailbox.next(user.email, 3);
    const waiting = await until('one waits', async () =>
      knex('notifications').whereIn('id', owed).where({ mail_id: null }).whereNotNull('mail_at').first(),
    );
    expect(Number(waiting.due_at)).to.be.greaterThan(Date.now() + 60_000);
  });

  it('are used with STARTTLS and a sign-in, and mails are signed (DKIM)', async () => {
    const [seen, senders] = [[] as unknown[], [] as string[]];
    const secure = await startMailbox({
      onMailFrom: ({ address }: { address: string }, _session: unknown, done: () => void) => {
        senders.push(address);
        done();
      },
      authOptional: false,
      disabledCommands: [],
      onAuth: (
        { username, password }: { username: string; password: string },
        session: { secure: boolean },
        done: (err: Error | null, found?: object) => void,
      ) => {
        seen.push({ username, password, secure: session.secure });
        done(null, { user: username });
      },
    });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const url = new URL(secure.url);
    Object.assign(url, { username: 'parley', password: 'p%40ss' });
    const env = {
      SMTP_URL: `${url.href}?requireTLS=true`,
      MAIL_FROM: 'parley@chat.example.org',
      MAIL_RETURN_PATH: 'returns@chat.example.org',
      MAIL_DKIM_DOMAIN: 'chat.example.org',
      MAIL_DKIM_SELECTOR: 's1',
      MAIL_DKIM_KEY: pem.replaceAll('\n', '\\n'),
    };
    // The stack's own worker sleeps meanwhile: it has another mail server.
    await Promise.all(stack.of('notification').map((one) => one.stop()));
    const worker = await startProcfile('notification', env);
    await signIn();
    const mail = await secure.next(user.email);
    expect(seen).to.deep.equal([{ username: 'parley', password: 'p@ss', secure: true }]);
    expect(senders).to.deep.equal(['returns@chat.example.org']);
    expect(mail.header('dkim-signature')).to.match(/d=chat\.example\.org;.*s=s1;/);
    await worker.stop();
    await secure.stop();
  });
});
