import { expect } from 'chai';
import { createECDH } from 'node:crypto';
import { knex } from '../../../db/knex.ts';
import type { Claimed } from '../../../db/models/notification.ts';
import { env } from '../../../shared/base/env.ts';
import { toHost } from '../../../shared/notifications/hosts.ts';
import type { Problem } from '../../../shared/base/errors.ts';
import { subscribe } from '../../../shared/notifications/subscribe.ts';
import { pushToDevices } from '../../../shared/notifications/push.ts';
import { registry } from '../../../shared/ops/metrics.ts';
import { type BuiltUser, buildUser } from '../../support/factories.ts';
import { type Browser, startBrowser } from '../../support/pushService.ts';

const settings = env as {
  -readonly [Name in
    | 'PUSH_CONTENT'
    | 'PUSH_SERVICES'
    | 'VAPID_PUBLIC_KEY'
    | 'VAPID_PRIVATE_KEY'
    | 'WEBHOOK_ALLOW_PRIVATE']: unknown;
};

describe('a push', () => {
  const before_ = { ...settings };
  let browser: Browser;
  let user: BuiltUser;
  let owed: Claimed;
  before(async () => {
    const pair = createECDH('prime256v1');
    Object.assign(settings, {
      VAPID_PUBLIC_KEY: pair.generateKeys('base64url'),
      VAPID_PRIVATE_KEY: Buffer.from(pair.getPrivateKey('hex').padStart(64, '0'), 'hex').toString(
        'base64url',
      ),
      PUSH_SERVICES: ['*'],
      WEBHOOK_ALLOW_PRIVATE: true,
    });
    [browser, user] = [await startBrowser(), await buildUser()];
    const { endpoint, keys } = browser.subscription;
    await knex('push_subscriptions').insert({ user_id: user.id, session_id: user.sid, endpoint, ...keys });
    const [conversation] = await knex('conversations').insert({ user_id: user.id }).returning('id');
    const [message] = await knex('messages')
      .insert({
        conversation_id: conversation.id,
        user_id: user.id,
        message_type: 'assistant',
        content: 'The  tower opens at nine.',
        status: 'sent',
      })
      .returning('id');
    const [row] = await knex('notifications')
      .insert({
        kind: 'answer_ready',
        user_id: user.id,
        conversation_id: conversation.id,
        message_id: message.id,
      })
      .returning('*');
    owed = { ...row, pushed_to: [], age_s: 1, language: 'en', faq_question: null } as Claimed;
  });
  after(async () => {
    Object.assign(settings, before_);
    await browser.stop();
  });
  const body = async () => (await browser.next(browser.pushes.length)).payload.body;

  it('holds no words of a conversation, unless PUSH_CONTENT is on', async () => {
    expect(await pushToDevices(owed)).to.equal(null);
    expect(await body()).to.equal('The answer to your question is ready.');
    settings.PUSH_CONTENT = 'on';
    expect(await pushToDevices({ ...owed, pushed_to: [] })).to.equal(null);
    expect(String(await body()).replace(/\s+/g, ' ')).to.equal('The tower opens at nine.');
  });

  it('speaks the language of its user', async () => {
    settings.PUSH_CONTENT = 'off';
    expect(await pushToDevices({ ...owed, language: 'de', pushed_to: [] })).to.equal(null);
    const { title, body } = (await browser.next(browser.pushes.length)).payload;
    expect([title, body]).to.deep.equal(['Ihre Antwort ist da', 'Die Antwort auf Ihre Frage ist da.']);
  });

  it('goes at once to every host that answered last time, and to five others of a user at a time', async () => {
    const silent = Array.from({ length: 8 }, (_, i) => `https://silent${i}.example/push`);
    const asked: string[] = [];
    const end = new AbortController();
    const never = (host: string) => () =>
      new Promise<string>((_, reject) => {
        asked.push(host);
        end.signal.addEventListener('abort', () => reject(new Error('no answer')));
      });
    const waiting = silent.map((host) => toHost(1, host, never(host)).catch(() => 'failed'));
    expect(asked).to.have.length(5);
    expect(await toHost(2, 'https://new.example/push', async () => 'answered')).to.equal('answered');
    // This browser's service has answered before.
    expect(await pushToDevices({ ...owed, pushed_to: [] })).to.equal(null);
    end.abort();
    expect(await Promise.all(waiting)).to.deep.equal([
      ...Array<string>(5).fill('failed'),
      ...Array<undefined>(3).fill(undefined),
    ]);
    expect(await toHost(1, 'https://silent7.example/push', async () => 'answered')).to.equal('answered');
  });

  it('counts a host that answers late among those that did not answer', async () => {
    const clock = performance.now.bind(performance);
    const [prompt, late] = ['https://prompt.example/push', 'https://late.example/push'];
    const answerAfter = (ms: number) => async () => {
      performance.now = () => clock() + ms;
      return 'answered';
    };
    try {
      await toHost(3, prompt, answerAfter(10));
      performance.now = clock;
      await toHost(3, late, answerAfter(9_000));
    } finally {
      performance.now = clock;
    }
    const end = Promise.withResolvers<void>();
    const others = Array.from({ length: 5 }, (_, i) =>
      toHost(3, `https://others${i}.example/push`, () => end.promise),
    );
    expect(await toHost(3, prompt, answerAfter(0))).to.equal('answered');
    expect(await toHost(3, late, answerAfter(0))).to.equal(undefined);
    performance.now = clock;
    end.resolve();
    await Promise.all(others);
  });

  it('remembers a host that answers, however many others do', async () => {
    const answers = async () => 'answered';
    const used = 'https://used.example/push';
    for (let i = 0; i < 1_100; i += 1) {
      await toHost(4, `https://many${i}.example/push`, answers);
      if (i % 400 === 0) await toHost(4, used, answers);
    }
    const end = Promise.withResolvers<void>();
    const others = Array.from({ length: 5 }, (_, i) =>
      toHost(4, `https://others${i}.test/push`, () => end.promise),
    );
    expect(await toHost(4, used, answers)).to.equal('answered');
    end.resolve();
    await Promise.all(others);
  });

  it('reaches all devices of a host that answers for the first time', async () => {
    const service = await startBrowser();
    const other = await buildUser();
    const { endpoint, keys } = service.subscription;
    const devices = Array.from({ length: 12 }, (_, i) => ({ endpoint: `${endpoint}${i}`, ...keys }));
    await knex('push_subscriptions').insert(
      devices.map((device) => ({ user_id: other.id, session_id: other.sid, ...device })),
    );
    expect(await pushToDevices({ ...owed, user_id: other.id, pushed_to: [] })).to.equal(null);
    expect(service.pushes).to.have.length(12);
    await service.stop();
  });

  it('goes to the hosts of PUSH_SERVICES alone, also where private addresses are allowed', async () => {
    const asked = browser.asked();
    settings.PUSH_SERVICES = ['fcm.googleapis.com', 'push.apple.com'];
    const owner = { userId: user.id, sid: user.sid };
    const { endpoint, keys } = browser.subscription;
    const refused = async (at: string) =>
      (
        (await subscribe(owner, { endpoint: at, ...keys }).catch((err: unknown) => err)) as
          | Problem
          | undefined
      )?.code;
    for (const other of [
      endpoint,
      'https://victim.example/fcm.googleapis.com',
      'https://fcm.googleapis.com.victim.example/',
      'https://xfcm.googleapis.com/',
      'https://fcm.googleapis.com@victim.example/',
      'not an address',
    ])
      expect(await refused(other), other).to.equal('validation_failed');
    for (const one of ['https://fcm.googleapis.com/fcm/send/x', 'https://web.push.apple.com/x'])
      expect(await refused(one), one).to.equal(undefined);
    await knex('push_subscriptions').where({ user_id: user.id }).whereNot({ endpoint }).delete();
    // The device from before this setting gets no request.
    expect(await pushToDevices({ ...owed, pushed_to: [] })).to.equal(null);
    expect(browser.asked()).to.equal(asked);
    settings.PUSH_SERVICES = ['*'];
  });

  it('is counted by what came of it', async () => {
    browser.answer(503);
    expect(await pushToDevices({ ...owed, pushed_to: [] })).to.equal(30_000);
    browser.answer(400);
    expect(await pushToDevices({ ...owed, pushed_to: [] })).to.equal(null);
    browser.answer(410);
    expect(await pushToDevices({ ...owed, pushed_to: [] })).to.equal(null);
    const text = await registry.metrics();
    for (const outcome of ['sent', 'later', 'failed', 'gone'])
      expect(text).to.match(new RegExp(`^push_tries_total\\{outcome="${outcome}"\\} [1-9]`, 'm'));
    expect(await knex('push_subscriptions').where({ user_id: user.id })).to.deep.equal([]);
  });
});
