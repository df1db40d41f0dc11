import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { oweTest } from '../../db/models/webhookDelivery.ts';
import type { Process } from '../../lab/kit/processes.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import type { Api } from '../support/api.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { send, serveWeb } from '../support/web.ts';
import {
  type BuiltWebhook,
  buildWebhook,
  type Receiver,
  serveReceiver,
  verified,
} from '../support/webhooks.ts';

const nothing = async () => {};

describe('webhooks, by the processes of the Procfile', function () {
  this.timeout(120_000);
  const started: Process[] = [];
  let api: Api;
  let admin: BuiltUser;
  let fast: Receiver;
  let slow: Receiver;
  let endpoint: BuiltWebhook;
  before(async () => {
    api = await serveWeb();
    admin = await buildUser({ role: 'admin' });
    [fast, slow] = [await serveReceiver(), await serveReceiver()];
    endpoint = await buildWebhook({ created_by: admin.id, url: fast.url });
    const env = { WEBHOOK_ALLOW_PRIVATE: 'true' };
    started.push(
      ...(await Promise.all(['notification', 'housekeeping'].map((type) => startProcfile(type, env)))),
    );
  });
  afterEach(() => {
    fast.received.splice(0);
    slow.received.splice(0);
  });
  after(async () => {
    slow.answer = (res) => res.end();
    await Promise.all([fast.close(), slow.close()]);
    await Promise.all(started.map((one) => one.stop()));
    await api.close();
  });

  async function until(what: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await what())) await sleep(20);
  }

  it('hear of a message that a user sent, without anybody asking', async () => {
    const user = await buildUser();
    const sent = await send(api, user);
    await until(() => fast.received.length >= 2);
    const events = fast.received.map((request) => verified(endpoint.secret, request)) as {
      type: string;
      data: { run_id?: number };
    }[];
    expect(events.map(({ type }) => type)).to.have.members(['user.created', 'message.created']);
    expect(events.find(({ type }) => type === 'message.created')?.data.run_id).to.equal(sent.run_id);
  });

  it('are not held up by an endpoint that hangs', async () => {
    slow.answer = () => {};
    const hanging = await buildWebhook({ created_by: admin.id, url: slow.url });
    for (let i = 0; i < 50; i++) await oweTest(hanging.id, nothing);
    await until(() => slow.received.length >= 5);
    for (let i = 0; i < 50; i++) await oweTest(endpoint.id, nothing);
    await until(() => fast.received.length >= 50);
    // The endpoint that hangs has its five requests open, none of which has ended.
    expect(slow.received).to.have.length(5);
    const ended = await knex('webhook_deliveries')
      .where({ webhook_id: hanging.id })
      .whereNotNull('duration_ms');
    expect(ended).to.deep.equal([]);
    await knex('webhook_deliveries').where({ webhook_id: hanging.id }).delete();
    await knex('webhooks').where({ id: hanging.id }).delete();
  });

  it('are all sent, each once, when Redis is emptied with 200 deliveries owed', async () => {
    const redis = new Redis(process.env.REDIS_URL ?? '');
    try {
      fast.answer = (res, nth) => {
        if (nth === 20) void redis.flushall().then(() => res.end());
        else res.end();
      };
      const ids: number[] = [];
      for (let i = 0; i < 200; i++) ids.push((await oweTest(endpoint.id, nothing))?.id ?? 0);
      const owed = () => knex('webhook_deliveries').whereIn('id', ids).whereNot({ status: 'delivered' });
      await until(async () => (await owed()).length === 0);
      const messages = await knex('webhook_deliveries').whereIn('id', ids).pluck('message_id');
      const came = fast.received.map(({ headers }) => headers['webhook-id']);
      expect(came.toSorted()).to.deep.equal(messages.toSorted());
    } finally {
      redis.disconnect();
    }
  });
});
