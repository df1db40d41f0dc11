import { createECDH } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { createPublicKey } from 'node:crypto';
import { knex } from '../../db/knex.ts';
import { call } from '../support/api.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildGuest, buildSession, buildUser } from '../support/factories.ts';
import { type Mailbox, type Received, startMailbox } from '../support/mailbox.ts';
import { type Browser, startBrowser } from '../support/pushService.ts';
import { type Stack, startStack, WORKERS } from '../support/stack.ts';
import { until } from '../support/until.ts';

const pair = createECDH('prime256v1');
const VAPID_PUBLIC_KEY = pair.generateKeys('base64url');
const VAPID_PRIVATE_KEY = Buffer.from(pair.getPrivateKey('hex').padStart(64, '0'), 'hex').toString(
  'base64url',
);

type Told = { id: number; kind: string; conversation_id: number; message_id: number; read_at: string | null };

describe('who is told', function () {
  this.timeout(120_000);
  let stack: Stack;
  let mailbox: Mailbox;
  let browser: Browser;
  let user: BuiltUser;
  before(async () => {
    [mailbox, browser] = [await startMailbox(), await startBrowser()];
    const env = {
      SMTP_URL: mailbox.url,
      PUBLIC_URL: 'https://chat.example.org',
      NOTIFY_MAIL_AFTER_S: '2',
      VAPID_PUBLIC_KEY,
      VAPID_PRIVATE_KEY,
      // The browser's service is on this machine.
      WEBHOOK_ALLOW_PRIVATE: 'true',
      PUSH_SERVICES: '*',
    };
    stack = await startStack(env, ['web', 'web', ...WORKERS, 'notification']);
  });
  beforeEach(async () => {
    user = await buildUser();
  });
  after(async () => {
    await stack.stop();
    await Promise.all([mailbox.stop(), browser.stop()]);
  });

  const api = (method: string, path: string, body?: unknown, token = user.access) =>
    call(`${stack.web[0]}/api/v1${path}`, method, body, { token });
  const ask = async (who = user) => {
    const sent = await stack.post('/chat/send', { content: 'Hello?' }, who.access);
    expect(sent.status).to.equal(202);
    return sent.body as { run_id: number; conversation_id: number; reply_id: number };
  };
  const told = async (who = user) =>
    (await api('GET', '/notifications', undefined, who.access)).body.data as Told[];
  const rowsOf = (message_id: number) => knex('notifications').where({ message_id });
  const owe = (kind: string, fields: object = {}, who = user) =>
    knex('notifications')
      .insert({ kind, user_id: who.id, due_at: knex.fn.now(), ...fields })
      .returning('id');

  it('an answer that nobody watched is listed, pushed and mailed', async () => {
    await api('POST', '/push/subscriptions', browser.subscription);
    const { conversation_id, reply_id } = await ask();
    const pushed = await browser.next();
    expect(pushed.payload).to.deep.include({
      kind: 'answer_ready',
      conversation_id,
      title: 'Your answer is ready',
    });
    expect(pushed.payload.url).to.equal(`https://chat.example.org/c/${conversation_id}`);
    expect(pushed.headers).to.include({ ttl: '86400', urgency: 'normal', 'content-encoding': 'aes128gcm' });
    const [, token = '', key = ''] =
      /^vapid t=([^,]+), k=(.+)$/.exec(pushed.headers.authorization ?? '') ?? [];
    expect(key).to.equal(VAPID_PUBLIC_KEY);
    const point = Buffer.from(key, 'base64url');
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    };
    const claims = jwt.verify(token, createPublicKey({ key: jwk, format: 'jwk' }), { algorithms: ['ES256'] });
    expect(claims).to.include({ aud: new URL(browser.subscription.endpoint).origin });

    const mail = await mailbox.next(user.email);
    expect(mail.subject).to.equal('Your answer is ready');
    expect(mail.text).to.include(`https://chat.example.org/c/${conversation_id}`);
    const [listed] = await told();
    expect(listed).to.include({ kind: 'answer_ready', conversation_id, message_id: reply_id, read_at: null });
    expect((await api('GET', '/notifications?unread')).body.unread).to.equal(1);
    expect((await api('POST', `/notifications/${listed?.id}/read`)).status).to.equal(204);
    expect((await api('GET', '/notifications?unread=true')).body).to.deep.include({ data: [], unread: 0 });
    expect(await told()).to.have.length(1);
    await api('DELETE', '/push/subscriptions', { endpoint: browser.subscription.endpoint });
  });

  it('an answer that a device of any replica shows is told to nobody', async () => {
    const device = await connectDevice(stack.web[1] ?? '', user.access);
    const { run_id, reply_id } = await ask();
    await device.ended(run_id);
    // The device acknowledges nothing: that it is connected counts.
    expect(await rowsOf(reply_id)).to.have.length(1);
    await until('the notification is void', async () => (await rowsOf(reply_id)).length === 0);
    expect(await told()).to.deep.equal([]);
    device.close();
  });

  it('an acknowledged answer is void at once, and an emptied Redis forgets nobody who is there', async () => {
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const first = await ask();
    await device.ended(first.run_id);
    await device.ask('delivered', { message_id: first.reply_id });
    expect(await rowsOf(first.reply_id)).to.deep.equal([]);
    await until('the presence is known', async () => (await presences()) > 0);
    await flush();
    const second = await ask();
    await device.ended(second.run_id);
    await until('the notification is void', async () => (await rowsOf(second.reply_id)).length === 0);
    expect(await told()).to.deep.equal([]);
    device.close();
  });

  it('several things share one mail, which one click stops for good', async () => {
    const now = knex.fn.now();
    const { conversation_id } = await ask();
    await knex('notifications').where({ user_id: user.id }).delete();
    await owe('agent_replied', { conversation_id, mail_at: now, shown_at: now });
    await owe('agent_replied', { conversation_id, mail_at: now, shown_at: now });
    await owe('answer_ready', { conversation_id, mail_at: now, shown_at: now });
    const mail = await mailbox.next(user.email);
    // Of two replies in one conversation the mail tells once.
    expect(mail.subject).to.equal('2 things happened while you were away');
    expect(mail.header('list-unsubscribe-post')).to.equal('List-Unsubscribe=One-Click');
    const url = unsubscribeUrl(mail);
    const page = await fetch(url);
    expect(await page.text()).to.include('<form method="post">');
    expect((await knex('notification_settings').where({ user_id: user.id })).length).to.equal(0);
    // As a mail program sends it.
    const click = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    expect(click.status).to.equal(200);
    const { body } = await api('GET', '/users/me/notifications');
    expect(body.answer_ready).to.deep.equal({ email: false, push: true });
    expect(body.agent_replied).to.deep.equal({ email: false, push: true });
    expect(body.handoff_waiting).to.deep.equal({ email: true, push: true });

    const [refused] = await owe('answer_ready', { conversation_id, mail_at: now, shown_at: now });
    await until('it is dealt with', async () =>
      knex('notifications').where({ id: refused.id, due_at: null }).first(),
    );
    expect(await knex('notifications').where({ id: refused.id }).first()).to.include({ mail_id: null });
    expect((await fetch(url.replace(/.$/, 'x'), { method: 'POST' })).status).to.equal(400);
  });

  it('quiet hours hold pushes and refusable mails back, not those of the account', async () => {
    const hours = quietNow();
    const put = await api('PUT', '/users/me/notifications', { quiet_hours: hours });
    expect(put.body.quiet_hours).to.deep.equal(hours);
    const now = knex.fn.now();
    const [held] = await owe('export_ready', { mail_at: now, shown_at: now });
    await owe('new_sign_in', { data: { session_id: user.sid } });
    expect((await mailbox.next(user.email)).subject).to.equal('A new sign-in to your account');
    const later = await until('it is put off', async () =>
      knex('notifications')
        .where({ id: held.id })
        .where('due_at', '>', knex.raw("now() + interval '1 minute'"))
        .first(),
    );
    expect(later).to.include({ mail_id: null });
  });

  it('guests are listed what they missed, and get no mail', async () => {
    const guest = await buildGuest();
    const { reply_id } = await ask(guest);
    const row = await until('it is listed', async () =>
      rowsOf(reply_id).whereNotNull('shown_at').where({ due_at: null }).first(),
    );
    expect(row).to.include({ mail_id: null });
    expect(await told(guest)).to.have.length(1);
  });

  it('removes a device that is gone, and pushes nothing to one that signed out', async () => {
    const other = await buildSession(user);
    const gone = await startBrowser();
    const left = await startBrowser();
    await api('POST', '/push/subscriptions', gone.subscription);
    await api('POST', '/push/subscriptions', left.subscription, other.access);
    expect(await knex('push_subscriptions').where({ user_id: user.id })).to.have.length(2);
    await api('POST', '/auth/logout', {}, other.access);
    gone.answer(410);
    await owe('new_sign_in', { data: { session_id: user.sid } });
    await until(
      'the device is removed',
      async () => (await knex('push_subscriptions').where({ user_id: user.id })).length === 1,
    );
    expect([gone.asked(), left.asked()]).to.deep.equal([1, 0]);
    await Promise.all([gone.stop(), left.stop()]);
  });

  it('a push that its service did not take is tried again, and the devices that have it are spared', async () => {
    const [works, fails] = [await startBrowser(), await startBrowser()];
    await api('POST', '/push/subscriptions', works.subscription);
    await api('POST', '/push/subscriptions', fails.subscription);
    fails.answer(503);
    const [{ id }] = await owe('new_sign_in', { data: { session_id: user.sid } });
    await until('it is put off', async () =>
      knex('notifications').where({ id, push_tries: 0 }).where('push_due_at', '>', knex.fn.now()).first(),
    );
    fails.answer(201);
    await knex('notifications').where({ id }).update({ push_due_at: knex.fn.now() });
    await fails.next();
    await until('it is done', async () => knex('notifications').where({ id, push_due_at: null }).first());
    expect([works.asked(), fails.asked()]).to.deep.equal([1, 2]);
    await Promise.all([works.stop(), fails.stop()]);
  });

  it('a notification is an event for devices that are there', async () => {
    const device = await connectDevice(stack.web[0] ?? '', user.access);
    const heard = new Promise((resolve) => device.socket.once('notification', resolve));
    await owe('new_sign_in', { data: { session_id: user.sid } });
    expect(await heard).to.include({ kind: 'new_sign_in', session_id: user.sid, unread: 1, read_at: null });
    device.close();
  });

  it('agents are told of who waits for a person, and the user of the reply; nobody of what an agent took', async () => {
    const agent = await buildUser({ role: 'agent' });
    const { conversation_id, run_id } = await ask();
    await until('the answer ended', async () =>
      knex('runs').where({ id: run_id, status: 'completed' }).first(),
    );
    expect((await api('POST', `/conversations/${conversation_id}/handoff`, {})).status).to.equal(200);
    const mail = await mailbox.next(agent.email);
    expect(mail.subject).to.equal('Somebody waits for a person');
    expect(mail.text).to.include('https://chat.example.org/admin/inbox');
    expect((await told(agent))[0]).to.include({ kind: 'handoff_waiting', conversation_id });

    await knex.raw('SELECT take_over(?, ?)', [conversation_id, agent.id]);
    const later = await buildUser({ role: 'agent' });
    const [taken] = await owe('handoff_waiting', { conversation_id }, later);
    await until('it is void', async () => (await knex('notifications').where({ id: taken.id })).length === 0);

    await knex.raw('SELECT reply_as_agent(?, ?, ?, NULL, NULL)', [
      conversation_id,
      agent.id,
      'Hello, how can I help?',
    ]);
    const subject = 'You have a reply';
    const reply = await until('the mail', async () =>
      mailbox.mails.find((one) => one.to === user.email && one.text.includes('Somebody has replied')),
    );
    expect([subject, '2 things happened while you were away']).to.include(reply.subject);
    expect(reply.raw).not.to.include('how can I help');
  });

  it('an FAQ that is published from a suggestion tells who asked, once', async () => {
    const admin = await buildUser({ role: 'admin' });
    const { conversation_id, reply_id } = await ask();
    const message = await until('the answer ended', async () =>
      knex('messages').where({ id: reply_id, status: 'sent' }).first(),
    );
    const { message_id } = await knex('runs').where({ reply_id: message.id }).first();
    await knex('faq_gaps').insert({ message_id, reason: 'no_passage' }).onConflict().ignore();
    const vector = JSON.stringify([...Array<number>(1535).fill(0), 1]);
    await knex.raw(`SELECT group_faq_gap(?, 'en', CAST(? AS vector), 'none', 2)`, [message_id, vector]);
    const { suggestion_id } = await knex('faq_gaps').where({ message_id }).first();
    const drafted = await api(
      'POST',
      `/faqs/suggestions/${suggestion_id}/draft`,
      { question: 'Where are you?' },
      admin.access,
    );
    expect(drafted.status).to.equal(201);
    const publish = (status: string) =>
      api('PUT', `/faqs/${drafted.body.id as number}`, { status, answer: 'In Berlin.' }, admin.access);
    expect((await publish('published')).status).to.equal(200);
    // The news of the answer may be in the same mail.
    const mail = await until('the mail', async () =>
      mailbox.mails.find((one) => one.to === user.email && one.text.includes('Where are you?')),
    );
    expect(mail.subject).to.match(/^We can answer your question now$|^\d things happened/);
    expect(mail.text).to.include(`/c/${conversation_id}`);
    await publish('draft');
    await publish('published');
    expect(
      await knex('notifications').where({ user_id: user.id, kind: 'knowledge_answered' }),
    ).to.have.length(1);
  });

  const flush = async () => {
    const { redis } = await import('../../shared/delivery/redis.ts');
    await redis.flushall();
  };
  const presences = async () => {
    const { redis } = await import('../../shared/delivery/redis.ts');
    return ((await redis.pubsub('NUMSUB', `parley:here:${user.id}`)) as [string, number])[1];
  };
  /** Mail programs open it without a sign-in; the test's API is elsewhere. */
  const unsubscribeUrl = (mail: Received) => {
    const url = /<(.+)>/.exec(mail.header('list-unsubscribe'))?.[1] ?? '';
    expect(url).to.match(/^https:\/\/chat\.example\.org\/unsubscribe\?token=/);
    return url.replace('https://chat.example.org', stack.web[0] ?? '');
  };
  /** Quiet hours that hold now, and for hours to come. */
  const quietNow = () => {
    const at = (hours: number) =>
      `${String((new Date().getUTCHours() + hours + 24) % 24).padStart(2, '0')}:00`;
    return { from: at(-2), to: at(4) };
  };
});
