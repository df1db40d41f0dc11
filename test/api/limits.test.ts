import { expect } from 'chai';
import type { SignedUser } from '../../shared/accounts/authenticate.ts';
import { withinLimits } from '../../shared/limits/sending.ts';
import { knex } from '../../db/knex.ts';
import { acceptMessage } from '../../db/models/run.ts';
import { env } from '../../shared/base/env.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { type Answer, call } from '../support/api.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { startOwnRedis } from '../../lab/kit/redis.ts';
import { type Process, startCopies, startProcfile } from '../../lab/kit/processes.ts';
import { dial, type Wire } from '../support/wire.ts';

const LIMITS = {
  RATE_LIMIT_PER_MINUTE: '10',
  RATE_LIMIT_PER_HOUR: '14',
  RATE_LIMIT_PER_DAY: '500',
  TRUST_PROXY: '1',
};
type More = { from?: string; key?: string; web?: string; path?: string };

describe('limits on sending', () => {
  let webs: Process[];
  let addresses = 0;
  before(async () => {
    webs = await startCopies('web', 2, LIMITS);
  });
  after(() => Promise.all(webs.map((web) => web.stop())));

  const url = (i = 0) => webs[i % 2]!.url;
  /** Returns an address that has not sent anything. */
  const newAddress = () => `198.51.100.${++addresses}`;
  const send = (user: BuiltUser, content = 'Hi', { from, key, web = url(), path }: More = {}) =>
    call(`${web}/api/v1${path ?? '/chat/send'}`, 'POST', path ? {} : { content }, {
      token: user.access,
      headers: {
        'x-forwarded-for': from ?? `203.0.113.${user.id % 250}`,
        ...(key && { 'idempotency-key': key }),
      },
    });
  const left = ({ headers }: Answer, window: string) =>
    Number(new RegExp(`"${window}";r=(\\d+)`).exec(headers.get('ratelimit') ?? '')?.[1]);
  const times = <T>(n: number, one: (i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: n }, (_, i) => one(i)));
  const inTurn = async <T>(n: number, one: () => Promise<T>) => {
    const all: T[] = [];
    while (all.length < n) all.push(await one());
    return all;
  };
  const messagesOf = async (user: BuiltUser) => (await knex('runs').where({ user_id: user.id })).length;
  function expectRefused(answer: Answer): void {
    expect(answer.status, JSON.stringify(answer.body)).to.equal(429);
    expect(answer.body.code).to.equal('rate_limited');
    const wait = Number(answer.headers.get('retry-after'));
    expect(wait).to.be.within(1, 3_600).and.equal(answer.body.retry_after_s);
  }

  it('are shared by two replicas, exact to the message', async () => {
    const user = await buildUser();
    const answers = await times(40, (i) => send(user, `m${i}`, { web: url(i) }));
    const refused = answers.filter(({ status }) => status !== 202);
    expect(answers.length - refused.length).to.equal(10);
    refused.forEach(expectRefused);
    expect(await messagesOf(user)).to.equal(10);
    const seen = answers.filter(({ status }) => status === 202).map((answer) => left(answer, 'minute'));
    expect(seen.toSorted((a, b) => a - b)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('appear in the RateLimit headers of accepted and refused requests', async () => {
    const user = await buildUser();
    const { headers } = await send(user);
    expect(headers.get('ratelimit-policy')).to.equal(
      '"minute";q=10;w=60, "hour";q=14;w=3600, "day";q=500;w=86400',
    );
    expect(headers.get('ratelimit')).to.match(/^"minute";r=9;t=60, "hour";r=13;t=3600, "day";r=499;t=86400$/);
    await times(9, () => send(user));
    const refused = await send(user);
    expectRefused(refused);
    expect(refused.headers.get('ratelimit')).to.match(/^"minute";r=0;t=\d\d, "hour";r=4;/);
    expect(refused.headers.get('ratelimit-policy')).to.equal(headers.get('ratelimit-policy'));
  });

  it('count messages over every transport', async () => {
    const user = await buildUser();
    const devices: [Device, Wire] = [
      await connectDevice(url(1), user.access),
      await dial(url(0), user.id, user.access),
    ];
    const [device, wire] = devices;
    await times(3, () => send(user));
    const acks = await times(3, () => device.ask('message', { content: 'Hi' }));
    for (const ack of acks) expect(ack.ok).to.equal(true);
    for (let i = 0; i < 3; i += 1) wire.say({ type: 'message', content: 'Hi' });
    while ((await messagesOf(user)) < 9);
    // The reply does not exist, and the request still counts.
    const again = await send(user, '', { path: '/messages/999999/regenerate' });
    expect([again.status, left(again, 'minute')]).to.deep.equal([404, 0]);

    expectRefused(await send(user));
    expectRefused(await send(user, '', { path: '/messages/999999/regenerate' }));
    const { ok, error } = await device.ask('message', { content: 'Hi' });
    expect(ok).to.equal(false);
    expect(error).to.include({ code: 'rate_limited', status: 429 }).and.include.keys('retry_after_s');
    wire.say({ type: 'message', content: 'Hi' });
    const frame = await wire.until(({ type }) => type === 'error');
    expect(frame).to.include({ code: 'rate_limited', status: 429 }).and.include.keys('retry_after_s');
    device.close();
    wire.socket.terminate();
  });

  it('do not count replays, and let them through when a limit is reached', async () => {
    const user = await buildUser();
    const sent = await times(10, (i) => send(user, `m${i}`, { key: `k${i}`, web: url(i) }));
    const replay = async () => {
      const again = await times(10, (i) => send(user, `m${i}`, { key: `k${i}`, web: url(i + 1) }));
      for (const [i, { status, body, headers }] of again.entries()) {
        expect([status, headers.get('idempotency-replayed')]).to.deep.equal([202, 'true']);
        expect(body).to.deep.equal(sent[i]?.body);
      }
    };
    expectRefused(await send(user, 'new', { key: 'new' }));
    await replay();
    // Another message under a known key is not a replay.
    expect((await send(user, 'other', { key: 'k1' })).status).to.equal(422);
    // Replays are free too after Redis has forgotten the charge.
    await forget('charged', user);
    await replay();
    await forget('user', user);
    await replay();
    const { status, headers } = await send(user, 'new', { key: 'new' });
    expect(status).to.equal(202);
    expect(headers.get('ratelimit')).to.match(/^"minute";r=9;.*"hour";r=13;/);
  });

  it('show no stored message to a user who was signed out, also when a limit is reached', async () => {
    const user = await buildUser();
    const headers = { 'idempotency-key': 'k', 'x-forwarded-for': newAddress() };
    const say = () =>
      call(
        `${url()}/api/v1/chat/send`,
        'POST',
        { content: 'Hi', language: 'en' },
        { token: user.access, headers },
      );
    expect((await say()).status).to.equal(202);
    await times(9, () => send(user));
    expectRefused(await send(user));
    expect((await say()).headers.get('idempotency-replayed')).to.equal('true');
    await forget('charged', user);
    await knex('sessions').where({ id: user.sid }).update({ revoked_at: new Date() });
    const { status, body } = await say();
    expect([status, body.code]).to.deep.equal([401, 'unauthenticated']);
  });

  it('count concurrent copies of a message once', async () => {
    const user = await buildUser();
    const copies = await times(30, (i) => send(user, 'Hi', { key: 'one', web: url(i) }));
    for (const { status, body } of copies)
      expect([status, body.run_id]).to.deep.equal([202, copies[0]?.body.run_id]);
    expect(left(await send(user, 'Hi', { key: 'one' }), 'minute')).to.equal(9);
    const others = await times(20, (i) => send(user, `m${i}`, { web: url(i) }));
    expect(others.filter(({ status }) => status === 202)).to.have.length(9);
  });

  it('count a message once when a copy of it overtakes it', async () => {
    const user = await buildUser();
    const message = {
      user_id: user.id,
      conversation_id: null,
      content: 'Hi',
      language: null,
      metadata: {},
      multitask_strategy: 'enqueue' as const,
      idempotency_key: 'twice',
      request_hash: 'same',
      request_id: null,
    };
    const told: string[] = [];
    const sender = {
      user: { ...user, language: 'en' } as unknown as SignedUser,
      ip: '192.0.2.99',
      tell: ({ RateLimit }: { RateLimit: string }) => told.push(RateLimit),
    };
    const store = () => acceptMessage(message, 100);
    const copy = (accept: typeof store) => withinLimits(sender, { key: 'twice', hash: 'same' }, accept);
    const slow = await copy(async () => {
      expect((await copy(store)).outcome).to.equal('accepted');
      return store();
    });
    expect(slow.outcome).to.equal('replayed');
    await copy(store);
    const minute = /"minute";r=(\d+)/;
    expect(told.map((one) => Number(minute.exec(one)?.[1]) - env.RATE_LIMIT_PER_MINUTE)).to.deep.equal([
      -1, -1, -1,
    ]);
  });

  it('are not used up by what another limit refuses', async () => {
    const user = await buildUser();
    await inTurn(30, () => send(user));
    // As if the minute were over.
    await redis.del(`limit:send:user:${user.id}:60`);
    const answers = await inTurn(8, () => send(user));
    expect(answers.filter(({ status }) => status === 202)).to.have.length(4);
    const refused = await send(user);
    expectRefused(refused);
    expect([left(refused, 'minute'), left(refused, 'hour')]).to.deep.equal([6, 0]);
    expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(3_500);
  });

  it('allow an address ten times as many messages as a user', async () => {
    const users = await times(11, () => buildUser());
    const from = newAddress();
    const last = users.pop()!;
    // One after the other: where Redis is late because everything is asked at once, a replica counts by itself.
    const answers: Answer[] = [];
    for (const [i, user] of users.entries())
      answers.push(...(await inTurn(10, () => send(user, 'Hi', { from, web: url(i) }))));
    expect(answers.filter(({ status }) => status === 202)).to.have.length(100);
    const refused = await send(last, 'Hi', { from });
    expectRefused(refused);
    expect(refused.headers.get('ratelimit')).to.match(/^"minute";r=10;.*, "address-minute";r=0;t=\d+$/);
    expect(refused.headers.get('ratelimit-policy')).to.match(/, "address-minute";q=100;w=60$/);
    // The client wrote what precedes the proxy's own entry.
    for (const forged of [`192.0.2.1, ${from}`, `${from}, ${from}`, `192.0.2.1,192.0.2.2 , ${from}:1234`])
      expectRefused(await send(last, 'Hi', { from: forged }));
    expect(left(await send(last, 'Hi', { from: newAddress() }), 'minute')).to.equal(9);
  });

  it('count a whole IPv6 /64 as one address', async () => {
    const users = await times(11, () => buildUser());
    const last = users.pop()!;
    await Promise.all(
      users.map((user, i) => times(10, (j) => send(user, 'Hi', { from: `2001:db8:0:7:${i}::${j}` }))),
    );
    expectRefused(await send(last, 'Hi', { from: '2001:0db8::7:ffff:0:0:1' }));
    expect((await send(last, 'Hi', { from: '2001:db8:0:8::1' })).status).to.equal(202);
  });

  it('begin anew when Redis is emptied, and hold in each replica while Redis is away', async () => {
    const own = await startOwnRedis();
    const web = (await startProcfile('web', { ...LIMITS, REDIS_URL: own.url })) as Process;
    const accepted = async (user: BuiltUser) =>
      (await times(15, () => send(user, 'Hi', { web: web.url }))).filter(({ status }) => status === 202)
        .length;
    const [first, second, third] = await times(3, () => buildUser());
    expect(await accepted(first!)).to.equal(10);
    await own.client.flushall();
    expect((await send(first!, 'Hi', { web: web.url })).status).to.equal(202);
    await own.signal('SIGSTOP');
    expect(await accepted(second!)).to.equal(10);
    await own.signal('SIGCONT');
    await own.signal('SIGKILL');
    expect(await accepted(third!)).to.equal(10);
    await web.stop();
    await own.stop();
  });

  it('count refusals in a metric', async () => {
    const user = await buildUser();
    await times(12, () => send(user));
    const text = await (await fetch(`${url()}/metrics`)).text();
    expect(Number(/^rate_limited_total\{limit="minute"\} (\d+)/m.exec(text)?.[1])).to.be.at.least(2);
  });

  /** Deletes the windows, or the marks of charged keys, as if they had expired. */
  async function forget(what: 'user' | 'charged', user: BuiltUser): Promise<void> {
    const part = what === 'user' ? '[0-9]*' : 'charged:*';
    const keys = await redis.keys(`limit:send:user:${user.id}:${part}`);
    expect(keys.length).to.be.greaterThan(0);
    await redis.del(...keys);
  }
});
