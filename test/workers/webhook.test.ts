import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Job } from 'bullmq';
import { knex } from '../../db/knex.ts';
import { Faq } from '../../db/models/faq.ts';
import { deleteOver } from '../../db/models/over.ts';
import { oweTest, retryDelivery, webhooksToDeliver } from '../../db/models/webhookDelivery.ts';
import { rotateWebhookSecret } from '../../db/models/webhook.ts';
import { env } from '../../shared/base/env.ts';
import { seal } from '../../shared/base/secretBox.ts';
import type { Payloads } from '../../shared/delivery/jobs.ts';
import { deliverNext } from '../../shared/webhooks/deliver.ts';
import { labelOf } from '../../shared/webhooks/endpoints.ts';
import { newSecret, sign } from '../../shared/webhooks/sign.ts';
import { webhook } from '../../workers/webhook.ts';
import type { Api } from '../support/api.ts';
import { type BuiltUser, buildGuest, buildUser } from '../support/factories.ts';
import { playWorker, send, serveWeb } from '../support/web.ts';
import {
  type BuiltWebhook,
  buildWebhook,
  type Receiver,
  serveReceiver,
  verified,
} from '../support/webhooks.ts';

const settings = env as { WEBHOOK_ALLOW_PRIVATE: boolean; WEBHOOK_TIMEOUT_MS: number };
const nothing = async () => {};

describe('a webhook', () => {
  const { WEBHOOK_TIMEOUT_MS } = settings;
  let admin: BuiltUser;
  let receiver: Receiver;
  let endpoint: BuiltWebhook;
  before(async () => {
    settings.WEBHOOK_ALLOW_PRIVATE = true;
    admin = await buildUser({ role: 'admin' });
  });
  beforeEach(async () => {
    receiver = await serveReceiver();
    endpoint = await buildWebhook({ created_by: admin.id, url: receiver.url });
  });
  afterEach(async () => {
    settings.WEBHOOK_TIMEOUT_MS = WEBHOOK_TIMEOUT_MS;
    await receiver.close();
    await knex('webhooks').delete();
    await knex('webhook_deliveries').delete();
  });
  after(() => {
    settings.WEBHOOK_ALLOW_PRIVATE = false;
  });

  const work = (id = endpoint.id) => webhook({ data: { webhook_id: id } } as Job<Payloads['webhook']>);
  const owe = async (id = endpoint.id) => (await oweTest(id, nothing))?.id ?? 0;
  const delivery = async (id: number) =>
    (await knex('webhook_deliveries').where({ id }).first()) as DeliveryFields;
  const state = async () => (await knex('webhooks').where({ id: endpoint.id }).first()) as WebhookState;
  const makeDue = () =>
    knex('webhook_deliveries')
      .where({ status: 'pending' })
      .update({ not_before: new Date(0) });
  /** How many seconds from now a delivery is tried again. */
  const pause = async (id: number) => ((await delivery(id)).not_before.getTime() - Date.now()) / 1_000;

  it('gets a request that the library of Standard Webhooks verifies', async () => {
    const id = await owe();
    await work();
    const { message_id, created_at, ...ended } = await delivery(id);
    expect(ended).to.include({
      status: 'delivered',
      attempts: 1,
      response_status: 204,
      response: '',
      error: null,
    });
    expect(ended.duration_ms).to.be.at.least(0);
    const [request] = receiver.received;
    expect(receiver.received).to.have.length(1);
    expect(request?.headers).to.include({ 'webhook-id': message_id, 'content-type': 'application/json' });
    expect(verified(endpoint.secret, request!)).to.deep.equal({
      type: 'webhook.test',
      timestamp: created_at.toISOString(),
      data: { webhook_id: endpoint.id },
    });
    expect(() => verified(newSecret(), request!)).to.throw();
    expect(await webhooksToDeliver()).to.deep.equal([]);
  });

  it('is signed as in the example of the specification', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const signed = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    };
    expect(sign(secret, signed)).to.equal('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is signed with the new and the previous secret for a day after a rotation', async () => {
    const secret = newSecret();
    const rotation = { sealed: seal(secret, labelOf(endpoint.id)), untilMs: 86_400_000 };
    await rotateWebhookSecret(endpoint.id, rotation, nothing);
    await owe();
    await work();
    const [both] = receiver.received;
    expect(String(both?.headers['webhook-signature']).split(' ')).to.have.length(2);
    for (const one of [secret, endpoint.secret])
      expect(verified(one, both!)).to.include({ type: 'webhook.test' });

    await knex('webhook_secrets')
      .whereNotNull('expires_at')
      .update({ expires_at: new Date(0) });
    await owe();
    await work();
    const [, later] = receiver.received;
    expect(verified(secret, later!)).to.include({ type: 'webhook.test' });
    expect(() => verified(endpoint.secret, later!)).to.throw();
  });

  it('is tried again after 5 s, 30 s, 2 min, 10 min, 1 h … under one webhook-id, with a new timestamp', async () => {
    receiver.answer = (res, nth) => res.writeHead(nth < 9 ? 500 : 200).end('no');
    const id = await owe();
    for (const seconds of [5, 30, 120, 600, 3_600, 7_200, 14_400, 28_800]) {
      await work();
      expect(await delivery(id)).to.include({ status: 'pending', response_status: 500, response: 'no' });
      expect(await pause(id)).to.be.within(seconds - 3, seconds * 1.2);
      await work();
      await makeDue();
    }
    await work();
    expect(await delivery(id)).to.include({ status: 'delivered', attempts: 9 });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).to.equal(1);
    expect(new Set(receiver.received.map(({ body }) => body)).size).to.equal(1);
    for (const request of receiver.received) verified(endpoint.secret, request);
  });

  it('is given up after 24 hours, and sent once more by hand', async () => {
    receiver.answer = (res, nth) => res.writeHead(nth < 2 ? 503 : 200).end();
    const id = await owe();
    await knex('webhook_deliveries').where({ id }).update({ give_up_at: new Date() });
    await work();
    expect(await delivery(id)).to.include({ status: 'failed', attempts: 1 });
    expect(await webhooksToDeliver()).to.deep.equal([]);
    await retryDelivery(endpoint.id, id, nothing);
    expect(await webhooksToDeliver()).to.deep.equal([endpoint.id]);
    await work();
    expect(await delivery(id)).to.include({ status: 'delivered', attempts: 2 });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).to.equal(1);
  });

  const failures: [string, Receiver['answer'], object][] = [
    [
      'redirects',
      (res) => res.writeHead(302, { location: '/other' }).end(),
      { response_status: 302, error: null },
    ],
    ['answers 500', (res) => res.writeHead(500).end('broken'), { response_status: 500, response: 'broken' }],
    ['hangs', () => {}, { response_status: null, error: 'timeout' }],
    ['closes the connection', (res) => res.destroy(), { response_status: null, error: 'unreachable' }],
  ];
  for (const [what, answer, noted] of failures)
    it(`that ${what} is tried again later`, async () => {
      settings.WEBHOOK_TIMEOUT_MS = 300;
      receiver.answer = answer;
      const id = await owe();
      await work();
      expect(await delivery(id)).to.include({ status: 'pending', attempts: 1, ...noted });
      expect(receiver.received).to.have.length(1);
      expect((await state()).failing_since).to.be.instanceOf(Date);
      receiver.answer = (res) => res.end();
      await makeDue();
      await work();
      expect(await state()).to.include({ failing_since: null, enabled: true });
    });

  it('keeps the first kilobyte of an answer, whatever its bytes and its end', async () => {
    receiver.answer = (res, nth) => {
      if (nth === 1) res.end('x'.repeat(5_000_000));
      else if (nth === 2) res.end(Buffer.from([0, 0xff, 0x61]));
      else res.writeHead(200, { 'content-length': '100' }).write('half', () => res.destroy());
    };
    const ids: number[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(await owe());
      await deliverNext(endpoint.id);
    }
    const [huge, odd, cut] = await Promise.all(ids.map(delivery));
    expect(huge).to.include({ status: 'delivered', response: 'x'.repeat(1_024) });
    expect(odd).to.include({ status: 'delivered', response: '\u{fffd}\u{fffd}a' });
    expect(cut).to.include({ status: 'delivered', response_status: 200 });
  });

  it('that answers 410 is switched off, and nothing more is owed to it', async () => {
    receiver.answer = (res) => res.writeHead(410).end();
    const [first, second] = [await owe(), await owe()];
    await deliverNext(endpoint.id);
    expect(await state()).to.include({ enabled: false, disabled_reason: 'gone' });
    for (const id of [first, second]) expect(await delivery(id)).to.include({ status: 'failed' });
    await knex('users').where({ id: admin.id }).update({ first_name: 'Ada' });
    await buildUser();
    expect(await knex('webhook_deliveries').where({ type: 'user.created' })).to.deep.equal([]);
    const entries = await knex('audit_entries').where({ target_type: 'webhook', target_id: endpoint.id });
    expect(entries.map(({ action, details }) => [action, details.reason])).to.deep.equal([
      ['webhook.switched_off', 'gone'],
    ]);
    // A test by hand is one try.
    const tested = await owe();
    await work();
    expect(await delivery(tested)).to.include({ status: 'failed', attempts: 1, response_status: 410 });
  });

  it('that asks for time gets nothing for that time, an hour at most', async () => {
    const { received } = receiver;
    let after = '120';
    receiver.answer = (res) => res.writeHead(429, { 'retry-after': after }).end();
    const [first, second] = [await owe(), await owe()];
    await deliverNext(endpoint.id);
    expect(await pause(first)).to.be.within(115, 150);
    expect(await webhooksToDeliver()).to.deep.equal([]);
    await work();
    expect([received.length, (await delivery(second)).attempts]).to.deep.equal([1, 0]);
    const pauseEnds = () =>
      knex('webhooks')
        .where({ id: endpoint.id })
        .update({ paused_until: new Date(0) });
    await pauseEnds();
    after = new Date(Date.now() + 86_400_000).toUTCString();
    await deliverNext(endpoint.id);
    expect(await pause(second)).to.be.within(3_500, 4_400);
    expect(((await state()).paused_until?.getTime() ?? 0) - Date.now()).to.be.at.most(3_600_000);
    // An answer that asks for nothing leaves the pauses as they are.
    await pauseEnds();
    receiver.answer = (res) => res.writeHead(500, { 'retry-after': '120' }).end();
    const third = await owe();
    await deliverNext(endpoint.id);
    expect(await pause(third)).to.be.within(4, 7);
  });

  it('that is switched off is made known to its owner; without one to all administrators', async () => {
    const told = async () =>
      (await knex('notifications').where({ kind: 'webhook_disabled' }).orderBy('id')).map(
        ({ user_id, data }) => [user_id, data.webhook_id],
      );
    const others = [
      await buildUser({ role: 'admin' }),
      await buildUser({ role: 'admin', status: 'suspended' }),
    ];
    receiver.answer = (res) => res.writeHead(410).end();
    await owe();
    await deliverNext(endpoint.id);
    expect((await told()).filter(([, id]) => id === endpoint.id)).to.deep.equal([[admin.id, endpoint.id]]);
    const orphan = await buildWebhook({ created_by: admin.id, url: receiver.url });
    await knex('webhooks').where({ id: orphan.id }).update({ created_by: null });
    await owe(orphan.id);
    await deliverNext(orphan.id);
    const admins = (await told()).filter(([, id]) => id === orphan.id).map(([user]) => user);
    expect(admins).to.include.members([admin.id, others[0]?.id]).and.not.include(others[1]?.id);
  });

  it('forgets which account was erased once it was told, and cannot be told again', async () => {
    const { id } = await buildUser();
    await knex('webhook_deliveries').delete();
    await knex('users').where({ id }).delete();
    await work();
    expect(receiver.received.map(({ body }) => JSON.parse(body).data)).to.deep.equal([{ user_id: id }]);
    const [row] = await knex('webhook_deliveries').where({ type: 'user.erased' });
    expect(row).to.deep.include({ status: 'delivered', data: {} });
    expect(await retryDelivery(endpoint.id, row.id, nothing)).to.equal(undefined);
  });

  it('that failed for three days is switched off; one that failed for less is not', async () => {
    receiver.answer = (res) => res.writeHead(500).end();
    const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    await knex('webhooks')
      .where({ id: endpoint.id })
      .update({ failing_since: ago(71) });
    await owe();
    await work();
    expect(await state()).to.include({ enabled: true });
    await knex('webhooks')
      .where({ id: endpoint.id })
      .update({ failing_since: ago(73) });
    await makeDue();
    await work();
    expect(await state()).to.include({ enabled: false, disabled_reason: 'dead' });
  });

  it('is never sent to an address that became private after it was saved', async () => {
    settings.WEBHOOK_ALLOW_PRIVATE = false;
    try {
      const { port } = new URL(receiver.url);
      const url = `http://rebind.example:${port}/`;
      await knex('webhooks').where({ id: endpoint.id }).update({ url });
      const id = await owe();
      await deliverNext(endpoint.id, async () => [{ address: '127.0.0.1', family: 4 }]);
      expect(await delivery(id)).to.include({ status: 'pending', error: 'address_refused' });
      expect(receiver.received).to.deep.equal([]);
    } finally {
      settings.WEBHOOK_ALLOW_PRIVATE = true;
    }
  });

  it('is not sent when no configured key opens its secret, and is sent when the key is back', async () => {
    const sealed = `v1.000000000000.${'A'.repeat(16)}.${'A'.repeat(40)}`;
    const [kept] = (await knex('webhook_secrets').where({ webhook_id: endpoint.id })) as [{ sealed: string }];
    await knex('webhook_secrets').where({ webhook_id: endpoint.id }).update({ sealed });
    const id = await owe();
    await work();
    expect(await delivery(id)).to.include({ status: 'pending', error: 'secret_unreadable' });
    expect(receiver.received).to.deep.equal([]);
    await knex('webhook_secrets').where({ webhook_id: endpoint.id }).update({ sealed: kept.sealed });
    await makeDue();
    await work();
    expect(await delivery(id)).to.include({ status: 'delivered' });
  });

  it('has five requests at once at most, and gets every delivery once from several workers', async () => {
    let [now, most] = [0, 0];
    receiver.answer = (res) => {
      most = Math.max(most, ++now);
      setImmediate(() => {
        now -= 1;
        res.end();
      });
    };
    for (let i = 0; i < 40; i++) await owe();
    await work();
    expect(most).to.be.within(1, 5);
    for (let i = 0; i < 40; i++) await owe();
    await Promise.all([work(), work(), work()]);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).to.deep.equal([80, 80]);
  });

  it('changes nothing of a try that a newer one has overtaken', async () => {
    const id = await owe();
    receiver.answer = async (res, nth) => {
      if (nth > 1) return res.writeHead(200).end('second');
      // The lease of the first try runs out while it waits for its answer.
      await makeDue();
      await deliverNext(endpoint.id);
      return res.writeHead(500).end('first');
    };
    await deliverNext(endpoint.id);
    expect(await delivery(id)).to.include({ status: 'delivered', attempts: 2, response: 'second' });
  });

  it('is forgotten after 30 days', async () => {
    const [old, young] = [await owe(), await owe()];
    await knex('webhook_deliveries')
      .where({ id: old })
      .update({ created_at: new Date(Date.now() - 31 * 86_400_000) });
    expect((await deleteOver(100, 90)).webhook_deliveries).to.equal(1);
    expect(await knex('webhook_deliveries').pluck('id')).to.deep.equal([young]);
  });

  describe('of an event', () => {
    let api: Api;
    let user: BuiltUser;
    before(async () => {
      api = await serveWeb();
      user = await buildUser();
    });
    after(() => api.close());

    /** Sends what is owed. Returns the events in the order in which they came to be. */
    async function events(): Promise<{ type: string; data: Record<string, unknown> }[]> {
      while (await deliverNext(endpoint.id));
      const came = receiver.received.splice(0).map((request) => verified(endpoint.secret, request));
      const events = came as { type: string; timestamp: string; data: Record<string, unknown> }[];
      return events
        .toSorted((a, b) => a.timestamp.localeCompare(b.timestamp))
        .map(({ type, data }) => ({ type, data }));
    }

    async function answered(text = 'An answer') {
      const sent = await send(api, user, { content: 'A question' });
      const worker = await playWorker(user, sent);
      await worker.say(text);
      return { ...sent, worker };
    }

    it('is about a message and its run, with ids and without texts', async () => {
      const { worker, ...sent } = await answered();
      await worker.finish();
      const { conversation_id, message_id, reply_id, run_id } = sent;
      expect(await events()).to.deep.equal([
        {
          type: 'message.created',
          data: { message_id, conversation_id, user_id: user.id, run_id, message_type: 'user' },
        },
        {
          type: 'run.completed',
          data: {
            run_id,
            conversation_id,
            user_id: user.id,
            message_id,
            reply_id,
            status: 'completed',
            finish_reason: 'stop',
            error_code: null,
          },
        },
      ]);
    });

    it('says how a run ended: failed, incomplete, cancelled', async () => {
      const failed = await answered();
      await failed.worker.finish({ status: 'failed', error: { code: 'no_answer', message: 'None' } });
      const cut = await answered();
      await cut.worker.finish({ status: 'incomplete', finish_reason: 'length' });
      const cancelled = await send(api, user);
      await api.call('POST', `/runs/${cancelled.run_id}/cancel`, undefined, { token: user.access });
      const ends = (await events()).filter(({ type }) => type.startsWith('run.'));
      expect(ends.map(({ type, data }) => [type, data.run_id, data.status, data.error_code])).to.deep.equal([
        ['run.failed', failed.run_id, 'failed', 'no_answer'],
        ['run.completed', cut.run_id, 'incomplete', null],
        ['run.cancelled', cancelled.run_id, 'cancelled', null],
      ]);
    });

    it('is about a rating of a reply or an FAQ, and about another one later', async () => {
      const { reply_id, conversation_id, worker } = await answered();
      await worker.finish();
      await events();
      const rate = (rating: string, comment?: string) =>
        api.call(
          'POST',
          `/messages/${reply_id}/feedback`,
          { rating, ...(comment && { comment }) },
          { token: user.access },
        );
      await rate('down', 'Wrong');
      await rate('down', 'Wrong');
      await rate('up');
      const faq = await api.call(
        'POST',
        '/faqs',
        { question: 'Q?', answer: 'A.', status: 'published' },
        { token: admin.access },
      );
      await api.call('POST', `/faqs/${faq.body.id}/feedback`, { helpful: true }, { token: user.access });
      const of = { message_id: reply_id, conversation_id, user_id: user.id };
      expect((await events()).filter(({ type }) => type === 'feedback.created')).to.deep.equal([
        { type: 'feedback.created', data: { ...of, rating: 'down' } },
        { type: 'feedback.created', data: { ...of, rating: 'up' } },
        { type: 'feedback.created', data: { faq_id: faq.body.id, user_id: user.id, rating: 'up' } },
      ]);
    });

    it('is about an FAQ when it is published, once for each publication', async () => {
      const write = (body: object) =>
        api.call('POST', '/faqs', { question: 'Q?', answer: 'A.', ...body }, { token: admin.access });
      const draft = await write({});
      await write({ status: 'archived' });
      const published = await write({ status: 'published', language: 'de' });
      for (const answer of ['B.', 'C.'])
        await Faq.change(Number(published.body.id), { answer, status: 'published' }, nothing);
      await Faq.change(Number(draft.body.id), { status: 'published' }, nothing);
      const came = await events();
      expect(came.map(({ type, data }) => [type, data.faq_id, data.language])).to.deep.equal([
        ['faq.published', published.body.id, 'de'],
        ['faq.published', draft.body.id, 'en'],
      ]);
    });

    it('is about a user: registered, at once or after being a guest, and erased', async () => {
      const fields = { password: 'correct horse battery', gdpr_consent: true };
      const guest = await buildGuest();
      expect(await events()).to.deep.equal([]);
      const name = `u${createHash('md5').update(String(guest.id)).digest('hex').slice(0, 12)}`;
      const registered = await api.call('POST', '/auth/register', {
        ...fields,
        email: `${name}@example.com`,
        username: name,
      });
      await api.call(
        'POST',
        '/auth/register',
        { ...fields, email: `${name}g@example.com`, username: `${name}g` },
        { token: guest.access },
      );
      const { id } = registered.body.user as { id: number };
      const created = await events();
      expect(created.map(({ type, data }) => [type, data.user_id])).to.have.deep.members([
        ['user.created', id],
        ['user.created', guest.id],
      ]);
      await knex('users').whereIn('id', [id, guest.id]).delete();
      // What was sent about them before is forgotten.
      expect(await knex('webhook_deliveries').pluck('type')).to.deep.equal(['user.erased', 'user.erased']);
      const came = await events();
      expect(came.map(({ type, data }) => [type, data.user_id])).to.have.deep.members([
        ['user.erased', id],
        ['user.erased', guest.id],
      ]);
      expect(JSON.stringify([created, came])).to.not.include(name);
    });

    it('comes with its texts where the endpoint includes content, and without those that are erased', async () => {
      await knex('webhooks').where({ id: endpoint.id }).update({ include_content: true });
      const first = await answered();
      await first.worker.finish();
      await api.call(
        'POST',
        `/messages/${first.reply_id}/feedback`,
        { rating: 'down', comment: 'Wrong' },
        { token: user.access },
      );
      await api.call(
        'POST',
        '/faqs',
        { question: 'Q?', answer: 'A.', status: 'published' },
        { token: admin.access },
      );
      const [message, run, feedback, faq] = await events();
      expect(message?.data).to.include({ message_id: first.message_id, content: 'A question' });
      expect(run?.data).to.include({ run_id: first.run_id, question: 'A question', answer: 'An answer' });
      expect(feedback?.data).to.include({ rating: 'down', comment: 'Wrong' });
      expect(faq?.data).to.include({ question: 'Q?', answer: 'A.' });

      const second = await answered();
      await second.worker.finish();
      await api.call('DELETE', `/conversations/${second.conversation_id}`, undefined, { token: user.access });
      const texts = JSON.stringify(await events());
      expect(texts)
        .to.include(`"run_id":${second.run_id}`)
        .and.not.include('A question')
        .and.not.include('An answer');
    });

    it('comes without texts of a user who has taken the consent back', async () => {
      await knex('webhooks').where({ id: endpoint.id }).update({ include_content: true });
      const { run_id, worker } = await answered();
      await worker.finish();
      await knex('users').where({ id: user.id }).update({ data_processing_consent: false });
      const texts = JSON.stringify(await events());
      await knex('users').where({ id: user.id }).update({ data_processing_consent: true });
      expect(texts)
        .to.include(`"run_id":${run_id}`)
        .and.not.include('A question')
        .and.not.include('An answer');
    });

    it('is about a conversation that was handed to a person, and later resolved', async () => {
      const { conversation_id, worker } = await answered();
      await worker.finish();
      await events();
      await knex('webhooks').where({ id: endpoint.id }).update({ include_content: true });
      const token = { token: user.access };
      for (const reason of ['Too hard', 'Again'])
        await api.call('POST', `/conversations/${conversation_id}/handoff`, { reason }, token);
      await knex('conversations')
        .where({ id: conversation_id })
        .update({ status: 'agent', agent_id: admin.id });
      await knex('conversations')
        .where({ id: conversation_id })
        .update({ status: 'waiting', agent_id: null });
      await knex('conversations')
        .where({ id: conversation_id })
        .update({ status: 'resolved', agent_id: admin.id });
      const of = { conversation_id, user_id: user.id };
      expect(await events()).to.deep.equal([
        { type: 'conversation.handoff', data: { ...of, agent_id: null, reason: 'Too hard' } },
        { type: 'conversation.resolved', data: { ...of, agent_id: admin.id } },
      ]);
    });

    it('is owed to those endpoints alone that want its type and are on', async () => {
      await knex('webhooks')
        .where({ id: endpoint.id })
        .update({ events: ['run.failed'] });
      const off = await buildWebhook({ created_by: admin.id, enabled: false });
      const other = await buildWebhook({ created_by: admin.id, events: ['message.created'] });
      const { worker } = await answered();
      await worker.finish();
      const owed = await knex('webhook_deliveries').select('webhook_id', 'type');
      expect(owed.map(({ webhook_id, type }) => [webhook_id, type])).to.deep.equal([
        [other.id, 'message.created'],
      ]);
      expect(off.enabled).to.equal(false);
    });

    it('is owed exactly when its act commits', async () => {
      const publish = {
        question: 'Q?',
        answer: 'A.',
        slug: 'rolled-back',
        status: 'published',
        published_at: new Date(),
      };
      let owed: unknown[] = [];
      const act = knex.transaction(async (trx) => {
        await trx('faqs').insert(publish);
        owed = await trx('webhook_deliveries').pluck('type');
        throw new Error('rolled back');
      });
      expect(await act.catch((err: Error) => err.message)).to.equal('rolled back');
      expect(owed).to.deep.equal(['faq.published']);
      expect(await knex('webhook_deliveries')).to.deep.equal([]);
    });
  });
});

type DeliveryFields = {
  attempts: number;
  message_id: string;
  status: string;
  created_at: Date;
  not_before: Date;
  duration_ms: number;
};
type WebhookState = {
  paused_until: Date | null;
  enabled: boolean;
  disabled_reason: string | null;
  failing_since: Date | null;
};
