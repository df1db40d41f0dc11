import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { io, type Socket } from 'socket.io-client';
import { signAccess } from '../../shared/accounts/tokens.ts';
import { Session } from '../../db/models/session.ts';
import { knex } from '../../db/knex.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { type BuiltUser, buildSession, buildUser, forgeToken, withShortToken } from '../support/factories.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { playWorker, send, type Sent, servedWeb } from '../support/web.ts';

type Ack = { ok: boolean; error?: { code: string; status: number } } & Record<string, unknown>;

describe('sockets', () => {
  const api = servedWeb();
  let user: BuiltUser;
  let stranger: BuiltUser;
  const sockets: Socket[] = [];
  before(async () => {
    [user, stranger] = [await buildUser(), await buildUser()];
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });

  const dial = (auth: object, options: object = {}) => {
    const socket = io(api.url, {
      auth,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      ...options,
    });
    sockets.push(socket);
    return socket;
  };
  const signedIn = async (token = user.access, options: object = {}) => {
    const socket = dial({ token }, options);
    const refused = event(socket, 'connect_error').then((err) => Promise.reject(err));
    await Promise.race([event(socket, 'connect'), refused]);
    return socket;
  };
  const event = async (socket: Socket, name: string) => (await once(socket as never, name))[0] as never;
  const ask = (socket: Socket, ...args: [string, ...unknown[]]) =>
    socket.timeout(5_000).emitWithAck(...args) as Promise<Ack>;
  function expectError(ack: Ack, code: string): void {
    expect(ack.ok, JSON.stringify(ack)).to.equal(false);
    expect(ack.error).to.include({ code }).and.include.keys('type', 'title', 'status', 'detail', 'instance');
  }

  describe('the handshake', () => {
    const refusal = async (auth: object) => {
      const err = (await event(dial(auth), 'connect_error')) as Error & {
        data?: { code: string; status: number };
      };
      return [err.message, err.data?.code, err.data?.status];
    };
    const no = ['unauthenticated', 'unauthenticated', 401];

    it('refuses a missing, malformed or forged token', async () => {
      for (const auth of [
        {},
        { token: '' },
        { token: 1 },
        { token: null },
        { token: ['x'] },
        { token: 'a.b.c' },
        { token: 'x'.repeat(200_000) },
      ])
        expect(await refusal(auth)).to.deep.equal(no);
      for (const forged of [
        forgeToken(user, {}, 'another secret'),
        forgeToken(user, { type: 'refresh' }),
        signAccess(user, stranger.sid),
      ])
        expect(await refusal({ token: forged })).to.deep.equal(no);
    });

    it('says that a token has expired', async () => {
      const token = forgeToken(user, {}, undefined, { expiresIn: -1 });
      expect(await refusal({ token })).to.deep.equal(['token_expired', 'token_expired', 401]);
    });

    it('refuses a session that has ended, and an account that is not active', async () => {
      const other = await buildUser();
      await Session.end(other.sid);
      expect(await refusal({ token: other.access })).to.deep.equal(no);
      const suspended = await buildUser({ status: 'suspended' });
      expect(await refusal({ token: suspended.access })).to.deep.equal(no);
    });

    it('offers no long polling', async () => {
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(`${api.url}/socket.io/?EIO=4&transport=polling`, { method });
        const body = (await answer.json()) as object;
        expect(body).to.include({ status: 400, code: 'bad_request' });
        expect(body)
          .to.have.property('detail')
          .that.matches(/^WebSocket only/);
      }
      const socket = dial({ token: user.access }, { transports: ['polling'] });
      // socket.io-client clears the context once its listeners have run.
      const heard = await new Promise((resolve) => {
        socket.once('connect_error', (err) => resolve('context' in err && JSON.stringify(err.context)));
      });
      expect(heard).to.contain('WebSocket only');
    });
  });

  describe('message', () => {
    it('is acknowledged with the body of the 202', async () => {
      const socket = await signedIn();
      const ack = await ask(socket, 'message', { type: 'message', content: 'Hi', metadata: { a: 1 } });
      expect(ack).to.have.all.keys('ok', 'conversation_id', 'message_id', 'reply_id', 'run_id', 'status');
      expect(ack).to.include({ ok: true, status: 'queued' });
      expect((await knex('runs').where({ id: ack.run_id }).first()).user_id).to.equal(user.id);
    });

    it('shares idempotency keys with HTTP in both directions', async () => {
      const socket = await signedIn();
      const headers = { 'Idempotency-Key': 'both' };
      const { ok, ...first } = await ask(socket, 'message', { content: 'Hi', idempotency_key: 'both' });
      const again = await api.call('POST', '/chat/send', { content: 'Hi' }, { token: user.access, headers });
      expect(ok).to.equal(true);
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect(again.body).to.deep.equal(first);
      expect(await ask(socket, 'message', { content: 'Hi', idempotency_key: 'both' })).to.deep.equal({
        ok: true,
        replayed: true,
        ...first,
      });
      expectError(
        await ask(socket, 'message', { content: 'Ho', idempotency_key: 'both' }),
        'idempotency_key_reused',
      );
    });

    it('is refused for the same reasons as over HTTP', async () => {
      const socket = await signedIn();
      const theirs = await send(api, stranger);
      const cases: [unknown, string][] = [
        [{ content: 'x', conversation_id: theirs.conversation_id }, 'not_found'],
        [{ content: 'x', conversation_id: 1e300 }, 'not_found'],
        [{ content: 'x', idempotency_key: '' }, 'validation_failed'],
        [{ content: 'x', idempotency_key: 'k'.repeat(129) }, 'validation_failed'],
        [{ content: 'x', idempotency_key: 7 }, 'validation_failed'],
        [{ content: 'x', type: 'else' }, 'validation_failed'],
        [{ content: ' ' }, 'validation_failed'],
        [{ content: 'a\0' }, 'validation_failed'],
        [{ content: 'a\ud800' }, 'validation_failed'],
        [{ content: Buffer.from('x') }, 'validation_failed'],
        [{ content: 'x', metadata: { a: 'x'.repeat(9_000) } }, 'validation_failed'],
        [{ content: 'x', metadata: nested(40) }, 'validation_failed'],
        [{ content: 'x', metadata: { a: Buffer.from('x') } }, 'validation_failed'],
      ];
      for (const [payload, code] of cases) expectError(await ask(socket, 'message', payload), code);
      const { conversation_id } = await send(api, user);
      const reject = { content: 'x', conversation_id, multitask_strategy: 'reject' };
      expectError(await ask(socket, 'message', reject), 'run_in_progress');
    });
  });

  describe('bad events', () => {
    it('of every kind get an error, and the socket stays open', async () => {
      const socket = await signedIn();
      for (const name of ['message', 'resume', 'cancel', 'read']) {
        for (const payload of [
          undefined,
          null,
          'x',
          1,
          true,
          [],
          {},
          { x: 1 },
          Buffer.from('x'),
          [{ run_id: 1 }],
        ])
          expectError(await ask(socket, name, payload), 'validation_failed');
        expectError(await ask(socket, name), 'validation_failed');
        const binary = await ask(socket, name, Buffer.from('x'));
        expect(binary.error).to.deep.include({ errors: [{ path: '', message: 'must be JSON, not binary' }] });
      }
      const wrong: [string, object][] = [
        ['resume', { run_id: '1', after_seq: 0 }],
        ['resume', { run_id: 1, after_seq: -1 }],
        ['resume', { run_id: 1, after_seq: 1.5 }],
        ['resume', { run_id: 1, after_seq: 1e300 }],
        ['resume', { run_id: 1 }],
        ['resume', { run_id: 1, after_seq: 0, more: 1 }],
        ['cancel', { run_id: null }],
        ['read', { message_id: 'x' }],
      ];
      for (const [name, payload] of wrong) expectError(await ask(socket, name, payload), 'validation_failed');
      for (const name of ['nothing', 'toString', '__proto__', 'constructor', ''])
        expectError(await ask(socket, name, {}), 'not_found');
      socket.emit('message');
      socket.emit('message', { content: 'no acknowledgement' });
      socket.emit('resume', null, 'more', 'still more');
      socket.emit('nothing');
      // Deeper than the client's encoder can walk.
      const deep = '{"a":'.repeat(40_000) + '1' + '}'.repeat(40_000);
      socket.io.engine.write(`277["message",${deep}]`);
      expectError(await ask(socket, 'cancel', { run_id: 2 ** 40 }), 'not_found');
      expect(socket.connected).to.equal(true);
    });

    it("are not_found with someone else's runs and messages", async () => {
      const socket = await signedIn(stranger.access);
      const { run_id, message_id } = await send(api, user);
      for (const id of [run_id, 0, -1, 1e300, 2 ** 53]) {
        expectError(await ask(socket, 'cancel', { run_id: id }), 'not_found');
        expectError(await ask(socket, 'resume', { run_id: id, after_seq: 0 }), 'not_found');
      }
      expectError(await ask(socket, 'read', { message_id }), 'not_found');
      expect((await knex('runs').where({ id: run_id }).first()).status).to.equal('queued');
    });

    it('disconnect with frames above 256 KiB', async () => {
      const socket = await signedIn();
      socket.emit('message', { content: 'x'.repeat(256 * 1024) });
      expect(await event(socket, 'disconnect')).to.match(/transport/);
    });

    it('do no more than disconnect with malformed frames', async () => {
      for (const frame of [
        '4',
        '42',
        '42{}',
        '42["connect"]',
        '42[1]',
        '451-["message"]',
        '9',
        '42["message",',
        '43[]',
      ]) {
        const socket = await signedIn();
        socket.io.engine.write(frame.slice(1));
        socket.io.engine.transport.send([{ type: 'message', data: frame.slice(1) }] as never);
      }
      expect(await ask(await signedIn(), 'cancel', { run_id: 2 ** 40 })).to.include({ ok: false });
    });
  });

  describe('pushes', () => {
    it('reach all sockets of the user, as logged, and no other user', async () => {
      const mine = [await signedIn(), await signedIn((await buildSession(user)).access)];
      const theirs = await signedIn(stranger.access);
      theirs.onAny((name) => expect.fail(`a stranger was pushed ${name}`));
      const got = mine.map((socket) => record(socket));
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      await worker.say('Hel');
      await worker.say('lo');
      await worker.finish();
      const ended = mine.map((socket) => event(socket, 'response'));
      await worker.announce();
      await Promise.all(ended);
      for (const events of got) {
        const ofTheRun = events.filter(({ event }) => (event as string) !== 'message');
        expect(ofTheRun.slice(0, -1)).to.deep.equal(worker.shown);
        expect(events.at(-1)?.data).to.include({
          type: 'response',
          content: 'Hello',
          seq: 4,
          finish_reason: 'stop',
        });
      }
      expect(await ask(theirs, 'cancel', { run_id: 2 ** 40 })).to.include({ ok: false });
    });
  });

  describe('resume', () => {
    let socket: Socket;
    let sent: Sent;
    let worker: Awaited<ReturnType<typeof playWorker>>;
    beforeEach(async () => {
      socket = await signedIn();
      sent = await send(api, user);
      worker = await playWorker(user, sent);
      for (const text of ['a', 'b', 'c']) await worker.say(text);
    });
    const resume = (after_seq: number) => ask(socket, 'resume', { run_id: sent.run_id, after_seq });
    const end = async () => {
      await worker.finish();
      await worker.announce();
    };
    const terminal = async () => ((await resume(4)).events as RunEvent[])[0];

    it('returns the whole log while the run goes on', async () => {
      expect(await resume(0)).to.deep.equal({ ok: true, done: false, events: worker.shown });
      expect(await resume(2)).to.deep.equal({ ok: true, done: false, events: worker.shown.slice(2) });
      expect(await resume(4)).to.deep.equal({ ok: true, done: false, events: [] });
    });

    it('returns the log with the terminal event', async () => {
      await end();
      const events = [...worker.shown, await terminal()];
      expect(await resume(0)).to.deep.equal({ ok: true, done: true, events });
      expect(await resume(3)).to.deep.equal({ ok: true, done: true, events: events.slice(3) });
      expect(await resume(5)).to.deep.equal({ ok: true, done: true, events: [] });
      expect(await resume(Number.MAX_SAFE_INTEGER)).to.deep.equal({ ok: true, done: true, events: [] });
    });

    it('adds the terminal event from the row before it is announced', async () => {
      await worker.finish();
      const before = await resume(0);
      expect(before).to.include({ done: true }).and.not.include.keys('reset');
      await worker.announce();
      expect(await resume(0)).to.deep.equal(before);
    });

    it('returns only the terminal event when the log is gone', async () => {
      await end();
      const only = await terminal();
      await redis.flushall();
      expect(await resume(0)).to.deep.equal({ ok: true, done: true, reset: true, events: [only] });
      expect(await resume(5)).to.deep.equal({ ok: true, done: true, events: [] });
    });

    it('returns only the terminal event when the log is behind', async () => {
      await knex('runs').where({ id: sent.run_id }).update({ status: 'queued', lease_until: null });
      await worker.announce();
      await knex.raw('SELECT end_runs(ARRAY[?::bigint], ?, NULL, NULL)', [sent.run_id, 'cancelled']);
      const { reset, events } = await resume(0);
      expect(reset).to.equal(true);
      expect((events as RunEvent[]).map((e) => [e.event, e.data.seq])).to.deep.equal([
        ['run.cancelled', 1_999_999 + 1],
      ]);
    });

    it('returns nothing for a run that has not begun', async () => {
      const { run_id } = await send(api, user);
      expect(await ask(socket, 'resume', { run_id, after_seq: 0 })).to.deep.equal({
        ok: true,
        done: false,
        events: [],
      });
    });
  });

  describe('cancel and read', () => {
    it('the replica that ends runs by an interrupt or a deletion announces them', async () => {
      const socket = await signedIn();
      const told = () => event(socket, 'run.cancelled') as Promise<{ run_id: number }>;
      const first = await send(api, user);
      const interrupted = told();
      const second = await send(api, user, {
        conversation_id: first.conversation_id,
        multitask_strategy: 'interrupt',
      });
      expect(await interrupted).to.include({ run_id: first.run_id });
      const deleted = told();
      await api.call('DELETE', `/conversations/${first.conversation_id}`, undefined, { token: user.access });
      expect(await deleted).to.include({ run_id: second.run_id });
    });

    it('cancel ends a queued run, and notifies all sockets', async () => {
      const [socket, other] = [await signedIn(), await signedIn()];
      const { run_id, reply_id } = await send(api, user);
      const told = event(other, 'run.cancelled');
      const ack = await ask(socket, 'cancel', { run_id });
      expect(ack.run).to.include({ id: run_id, status: 'cancelled' });
      expect(await told).to.include({
        run_id,
        attempt: 2,
        seq: 2_000_000,
        message_id: reply_id,
        content: '',
      });
    });

    it('read marks a sent message once, and no other', async () => {
      const socket = await signedIn();
      const { message_id, reply_id } = await send(api, user);
      expect(await ask(socket, 'read', { message_id })).to.deep.equal({ ok: true });
      const first = await knex('messages').where({ id: message_id }).first();
      expect(first.status).to.equal('read');
      expect(first.read_at).to.be.an.instanceOf(Date);
      await ask(socket, 'read', { message_id });
      expect((await knex('messages').where({ id: message_id }).first()).read_at).to.deep.equal(first.read_at);
      await ask(socket, 'read', { message_id: reply_id });
      expect(await knex('messages').where({ id: reply_id }).first()).to.include({
        status: 'pending',
        read_at: null,
      });
    });
  });

  describe('are disconnected', () => {
    it('when their replica stops, which does not wait for them', async () => {
      const web = await startProcfile('web');
      const socket = io(web.url, { auth: { token: user.access }, transports: ['websocket'], forceNew: true });
      sockets.push(socket);
      await event(socket, 'connect');
      const silent = await rawSocket(web.url, user.access);
      silent.pause();
      const { run_id } = await send(api, user);
      const stream = await fetch(`${web.url}/api/v1/runs/${run_id}/events`, {
        headers: { authorization: `Bearer ${user.access}` },
      });
      const gone = event(socket, 'disconnect');
      expect(await web.stop()).to.equal(0);
      expect(web.logs.map(({ msg }) => msg)).to.not.include('Grace period is over; the process exits');
      expect(await gone).to.equal('transport close');
      expect(await stream.text()).to.equal('retry: 1000\n\n');
      silent.destroy();
    });

    it('at a logout, only those of that session', async () => {
      const { access } = await buildSession(user);
      const [ending, staying] = [await signedIn(access), await signedIn()];
      const gone = event(ending, 'disconnect');
      expect((await api.call('POST', '/auth/logout', {}, { token: access })).status).to.equal(204);
      expect(await gone).to.equal('io server disconnect');
      expect(staying.connected).to.equal(true);
    });

    it('when the account is suspended', async () => {
      const other = await buildUser();
      const gone = event(await signedIn(other.access), 'disconnect');
      await knex('users').where({ id: other.id }).update({ status: 'suspended' });
      await gone;
    });

    it('when the access token expires', async () => {
      const gone = await withShortToken(user, async (token) => ({
        at: event(await signedIn(token), 'disconnect'),
      }));
      expect(await gone.at).to.equal('transport close');
    });

    it('later, when they sent a newer token in time', async () => {
      const { exp } = jwt.decode(user.access) as { exp: number };
      const { gone, renewed } = await withShortToken(user, async (short) => {
        const [idle, renewed] = [await signedIn(short), await signedIn(short)];
        const gone = event(idle, 'disconnect');
        const ack = await ask(renewed, 'refresh', { token: user.access });
        expect(ack).to.deep.equal({ ok: true, expires_at: new Date(exp * 1000).toISOString() });
        return { gone, renewed };
      });
      await gone;
      expectError(await ask(renewed, 'cancel', { run_id: 2 ** 40 }), 'not_found');
      const again = event(renewed, 'disconnect');
      await withShortToken(user, async (token) =>
        expect(await ask(renewed, 'refresh', { token })).to.include({ ok: true }),
      );
      expect(await again).to.equal('transport close');
    });

    it('in time, when they sent anything but a newer token of their session', async () => {
      const [other, ended] = [await buildSession(user), await buildSession(user)];
      await Session.end(ended.sid);
      const { gone } = await withShortToken(user, async (token) => {
        const socket = await signedIn(token);
        const gone = event(socket, 'disconnect');
        for (const [wrong, code] of [
          [stranger.access, 'unauthenticated'],
          [other.access, 'unauthenticated'],
          [ended.access, 'unauthenticated'],
          [user.refresh, 'unauthenticated'],
          [forgeToken(user, {}, 'guess'), 'unauthenticated'],
          [forgeToken(user, {}, undefined, { expiresIn: -1 }), 'token_expired'],
          ['', 'validation_failed'],
          [7, 'validation_failed'],
          [undefined, 'validation_failed'],
        ] as const)
          expectError(await ask(socket, 'refresh', { token: wrong }), code);
        expectError(await ask(socket, 'refresh', user.access), 'validation_failed');
        return { gone };
      });
      expect(await gone).to.equal('transport close');
    });

    it('when pushes may have been lost, and reconnect', async () => {
      const socket = await signedIn(user.access, { reconnection: true, reconnectionDelay: 10 });
      const gone = event(socket, 'disconnect');
      const back = event(socket, 'connect');
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      expect(await gone).to.equal('transport close');
      await back;
      const cancelled = event(socket, 'run.cancelled');
      const { run_id } = await send(api, user);
      await ask(socket, 'cancel', { run_id });
      expect(await cancelled).to.include({ run_id });
    });

    it('when they do not read', async () => {
      const slow = await rawSocket(api.url, user.access);
      slow.pause();
      const worker = await playWorker(user, await send(api, user));
      // The server learns only by writing that an unread socket was cut off.
      while (!slow.destroyed) {
        await worker.say('x'.repeat(100_000));
        slow.write(frame('3'));
      }
    });
  });
});

/** Records the events pushed to a socket, in the order of arrival. */
function record(socket: Socket): RunEvent[] {
  const events: RunEvent[] = [];
  socket.onAny((event, data) => events.push({ event, data } as RunEvent));
  return events;
}

function nested(depth: number): object {
  let value = {};
  for (let i = 1; i < depth; i++) value = { a: value };
  return value;
}

/** Opens a signed-in WebSocket whose reading can be paused. */
async function rawSocket(url: string, token: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const saw = async (text: string) => {
    for (let got = ''; !got.includes(text); ) got += String((await once(socket, 'data'))[0]);
  };
  await saw('pingInterval');
  socket.write(frame(`40${JSON.stringify({ token })}`));
  await saw('40{"sid"');
  return socket;
}

/** Builds a masked text frame with a mask of zeros. */
function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, body]);
}
