import { createECDH } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { redis } from '../../shared/delivery/redis.ts';
import type { KillPoint } from '../../shared/ops/killpoint.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Mailbox, startMailbox } from '../support/mailbox.ts';
import { startBrowser } from '../support/pushService.ts';
import { type Stack, startApart } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';
import { until } from '../support/until.ts';

describe('notifications when processes die and stores are emptied', function () {
  this.timeout(180_000);
  let stack: Stack;
  let mailbox: Mailbox;
  let env: Record<string, string>;
  before(async () => {
    mailbox = await startMailbox();
    env = { SMTP_URL: mailbox.url, PUBLIC_URL: 'https://chat.example.org' };
    stack = await startApart(env, ['housekeeping']);
  });
  after(async () => {
    await stack.stop();
    await mailbox.stop();
  });

  const owe = async ({ id, sid }: BuiltUser) => {
    const data = { session_id: sid };
    const [owed] = await knex('notifications')
      .insert({ kind: 'new_sign_in', user_id: id, data, due_at: knex.fn.now() })
      .returning('id');
    return owed.id as number;
  };
  const to = ({ email }: BuiltUser) => mailbox.mails.filter((mail) => mail.to === email);
  /** Lets what a dead worker holds be due again, as the end of its lease would. */
  const leasesEnd = async () => {
    for (const table of ['notifications', 'mails'])
      await knex(table).whereNotNull('due_at').update({ due_at: knex.fn.now() });
    await knex('notifications').whereNotNull('push_due_at').update({ push_due_at: knex.fn.now() });
  };
  const sentOf = ({ id }: BuiltUser) => knex('mails').where({ user_id: id }).whereNotNull('sent_at');

  const kills: [at: KillPoint, tries: number][] = [
    ['notification.claimed', 1],
    ['notification.scheduling', 1],
    ['mail.claimed', 1],
    // The mail server has it; nobody noted that. The second has the same Message-ID, by which programs tell them apart.
    ['mail.sent', 2],
  ];
  for (const [at, tries] of kills)
    it(`a worker killed at ${at} leaves one mail${tries > 1 ? ', sent twice under one Message-ID' : ''}`, async () => {
      const user = await buildUser();
      const victim = await startProcfile('notification', { ...env, ...trapped('KILL_AT', at) });
      await owe(user);
      await fell(victim);
      await victim.exited;
      const heir = await startProcfile('notification', env);
      await leasesEnd();
      await until('the mail is sent', async () => (await sentOf(user)).length > 0);
      expect(to(user)).to.have.length(tries);
      expect(new Set(to(user).map(({ messageId }) => messageId)).size).to.equal(1);
      expect(await sentOf(user)).to.have.length(1);
      await heir.stop();
    });

  const pushes = () => {
    const pair = createECDH('prime256v1');
    const point = pair.generateKeys('base64url');
    const secret = Buffer.from(pair.getPrivateKey('hex').padStart(64, '0'), 'hex').toString('base64url');
    // The browsers' services are on this machine.
    const here = { WEBHOOK_ALLOW_PRIVATE: 'true', PUSH_SERVICES: '*' };
    return { ...env, VAPID_PUBLIC_KEY: point, VAPID_PRIVATE_KEY: secret, ...here };
  };
  const subscribe = ({ id, sid }: BuiltUser, subscription: { endpoint: string; keys: object }) => {
    const { endpoint, keys } = subscription;
    return knex('push_subscriptions').insert({ user_id: id, session_id: sid, endpoint, ...keys });
  };

  const pushKills: [at: KillPoint, times: number][] = [
    ['notification.scheduling', 1],
    ['push.claimed', 1],
    // The service has it; nobody noted that. The second replaces the first: it has the same topic.
    ['push.sent', 2],
  ];
  for (const [at, times] of pushKills)
    it(`a worker killed at ${at} leaves a push made${times > 1 ? ' again under the same topic' : ''}, and noted once`, async () => {
      const [user, browser, settings] = [await buildUser(), await startBrowser(), pushes()];
      await subscribe(user, browser.subscription);
      const victim = await startProcfile('notification', { ...settings, ...trapped('KILL_AT', at) });
      const id = await owe(user);
      await fell(victim);
      await victim.exited;
      const heir = await startProcfile('notification', settings);
      await leasesEnd();
      await browser.next(times);
      await until('the push is noted', async () => {
        const [told] = await knex('notifications').where({ id });
        return told.pushed_to.length === 1 && told.push_due_at === null;
      });
      expect(new Set(browser.pushes.map(({ headers }) => headers.topic)).size).to.equal(1);
      expect(browser.pushes).to.have.length(times);
      await heir.stop();
      await browser.stop();
    });

  it('twenty devices whose services hang hold up neither mails nor the pushes of others', async () => {
    const [slow, other, browser, settings] = [
      await buildUser(),
      await buildUser(),
      await startBrowser(),
      pushes(),
    ];
    const silent = await Promise.all(Array.from({ length: 20 }, startSilent));
    for (const { endpoint } of silent) await subscribe(slow, { ...browser.subscription, endpoint });
    const worker = await startProcfile('notification', settings);
    for (let i = 0; i < 25; i += 1) await owe(slow);
    await until('the services hang', async () => silent.some(({ asked }) => asked() > 0));
    await subscribe(other, browser.subscription);
    await owe(other);
    await browser.next(1);
    await until('both have mails', async () => to(other).length > 0 && to(slow).length > 0);
    expect(silent.map(({ givenUp }) => givenUp())).to.deep.equal(silent.map(() => 0));
    await worker.stop();
    await Promise.all([browser, ...silent].map((service) => service.stop()));
  });

  it('all of 200 owed notifications are mailed once while Redis is emptied again and again', async () => {
    const users = await Promise.all(Array.from({ length: 200 }, () => buildUser()));
    for (const user of users) await owe(user);
    await redis.flushall();
    const workers = await Promise.all([1, 2].map(() => startProcfile('notification', env)));
    const ids = users.map(({ id }) => id);
    let [emptied, before] = [0, 0];
    await until('all mails are sent', async () => {
      const sent = await knex('mails').whereIn('user_id', ids).whereNotNull('sent_at');
      if (sent.length >= before + 40) {
        [before, emptied] = [sent.length, emptied + 1];
        await redis.flushall();
      }
      return sent.length === 200;
    });
    expect(emptied).to.be.greaterThan(0);
    for (const user of users) expect(to(user), user.email).to.have.length(1);
    await Promise.all(workers.map((worker) => worker.stop()));
  });
});

/** Starts a push service that never answers. */
async function startSilent() {
  let [asked, givenUp] = [0, 0];
  const server = createServer((_, answer) => {
    asked += 1;
    answer.on('close', () => (givenUp += 1));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`;
  return { endpoint, asked: () => asked, givenUp: () => givenUp, stop };
}
