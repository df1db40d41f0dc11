import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { expect } from 'chai';
import { io } from 'socket.io-client';
import { signAccess } from '../../shared/accounts/tokens.ts';
import { knex } from '../../db/knex.ts';
import { Session } from '../../db/models/session.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { type BuiltUser, buildSession, buildUser, forgeToken, withShortToken } from '../support/factories.ts';
import { startProcfile } from '../../lab/kit/processes.ts';
import { playWorker, send, type Sent, servedWeb } from '../support/web.ts';
import { connect, dial, type Frame, type Wire } from '../support/wire.ts';

type Refusal = { status?: number; headers: Record<string, string>; problem: Record<string, unknown> };

describe('the plain WebSocket', () => {
  const api = servedWeb();
  let user: BuiltUser;
  let stranger: BuiltUser;
  const wires: Wire[] = [];
  before(async () => {
    [user, stranger] = [await buildUser(), await buildUser()];
  });
  afterEach(() => {
    for (const { socket } of wires.splice(0)) socket.terminate();
  });

  const signedIn = async (token = user.access, url = api.url) => {
    const wire = await dial(url, user.id, token);
    wires.push(wire);
    return wire;
  };
  const refusal = (dialled: Promise<Wire>) =>
    dialled.then(
      () => expect.fail('was let in'),
      (err: Refusal) => err,
    );
  const expired = () => forgeToken(user, {}, undefined, { expiresIn: -1 });
  /** Returns the error that answers a frame. */
  async function answerTo(wire: Wire, frame: string | Buffer | object): Promise<Frame> {
    wire.frames.length = 0;
    wire.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
    return wire.until(() => true);
  }

  describe('the upgrade', () => {
    it('is refused with the problems of HTTP for token, owner and path', async () => {
      const cases: [() => Promise<Wire>, number, string][] = [
        [() => dial(api.url, user.id), 401, 'unauthenticated'],
        [() => dial(api.url, user.id, ''), 401, 'unauthenticated'],
        [() => dial(api.url, user.id, 'a.b.c'), 401, 'unauthenticated'],
        [() => dial(api.url, user.id, signAccess(user, stranger.sid)), 401, 'unauthenticated'],
        [() => dial(api.url, user.id, expired()), 401, 'token_expired'],
        [() => dial(api.url, stranger.id, user.access), 404, 'not_found'],
        [() => dial(api.url, 'me', user.access), 404, 'not_found'],
        [() => dial(api.url, 0, user.access), 404, 'not_found'],
        [() => dial(api.url, '99999999999999999999', user.access), 404, 'not_found'],
        [() => dial(api.url, `${user.id}/more`, user.access), 404, 'not_found'],
        [() => connect(`${api.url.replace('http', 'ws')}/nothing`), 404, 'not_found'],
        [() => connect(`${api.url.replace('http', 'ws')}/socket.i`), 404, 'not_found'],
        [() => connect(`${api.url.replace('http', 'ws')}/health`), 200, ''],
      ];
      for (const [dialled, status, code] of cases) {
        const refused = await refusal(dialled());
        expect([refused.status, refused.problem.code ?? '']).to.deep.equal([status, code]);
        expect(refused.headers).to.include.keys('x-request-id');
        if (status === 200) continue;
        expect(refused.headers['content-type']).to.match(/^application\/problem\+json/);
        expect(JSON.stringify(refused.problem)).to.not.include('token=');
      }
    });

    it('accepts the token as a subprotocol, which keeps it out of addresses, and selects `parley`', async () => {
      const address = `${api.url.replace('http', 'ws')}/api/v1/chat/ws/${user.id}`;
      for (const protocols of [
        ['parley', user.access],
        [user.access, 'parley'],
      ]) {
        const wire = await connect(address, {}, protocols);
        wires.push(wire);
        expect(wire.socket.protocol).to.equal('parley');
      }
      const cases: [string[], number, string][] = [
        [['parley'], 401, 'unauthenticated'],
        [['parley', 'a.b.c'], 401, 'unauthenticated'],
        [['parley', expired()], 401, 'token_expired'],
        [['parley', stranger.access], 404, 'not_found'],
        // Without `parley` it is another protocol.
        [[user.access], 401, 'unauthenticated'],
      ];
      for (const [protocols, status, code] of cases) {
        const refused = await refusal(connect(address, {}, protocols));
        expect([refused.status, refused.problem.code]).to.deep.equal([status, code]);
        expect(JSON.stringify([refused.problem, refused.headers])).to.not.include(user.access);
      }
    });

    it('is refused when the session has ended', async () => {
      const { access, sid } = await buildSession(user);
      await Session.end(sid);
      expect((await refusal(dial(api.url, user.id, access))).status).to.equal(401);
    });

    it('is required: a plain GET is refused', async () => {
      const { status, body } = await api.call('GET', `/chat/ws/${user.id}?token=${user.access}`);
      expect([status, body.code]).to.deep.equal([400, 'bad_request']);
    });

    it('is refused with a closed connection, and an upgrade to h2c is answered in HTTP', async () => {
      const path = `/api/v1/chat/ws/${user.id}?token=${user.access}`;
      expect(await raw('GET /nowhere', 'Upgrade: websocket')).to.match(/^HTTP\/1\.1 404 /);
      expect(await raw(`GET ${path}`, 'Upgrade: websocket')).to.match(/^HTTP\/1\.1 4\d\d /);
      const bad = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: no';
      expect(await raw(`GET ${path}`, bad)).to.match(/^HTTP\/1\.1 400 /);
      expect(await raw('POST /api/v1/chat/ws/1', 'Upgrade: websocket')).to.match(/^HTTP\/1\.1 405 /);
      expect(await raw('GET /livez', 'Upgrade: h2c')).to.match(/^HTTP\/1\.1 200 /);
    });

    /** Sends a request that curl and browsers would not send; returns the answer until the server closes. */
    async function raw(request: string, headers: string): Promise<string> {
      const { hostname, port } = new URL(api.url);
      const socket = connectTcp(Number(port), hostname);
      const connection = headers.includes('h2c') ? 'close, Upgrade' : 'Upgrade';
      socket.write(`${request} HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n${headers}\r\n\r\n`);
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text;
    }
  });

  describe('frames in', () => {
    it('are messages, processed in order, with the idempotency keys of HTTP', async () => {
      const wire = await signedIn();
      const { conversation_id } = await send(api, user);
      for (let i = 0; i < 10; i += 1)
        wire.say({ type: 'message', content: String(i), conversation_id, idempotency_key: `in-${i}` });
      const headers = { 'Idempotency-Key': 'in-9' };
      let taken = 0;
      while (taken < 11) taken = (await knex('runs').where({ conversation_id })).length;
      const questions = await knex('messages').where({ conversation_id, message_type: 'user' }).orderBy('id');
      expect(
        questions
          .slice(1)
          .map(({ content }) => content)
          .join(''),
      ).to.equal('0123456789');
      const body = { content: '9', conversation_id };
      const again = await api.call('POST', '/chat/send', body, { token: user.access, headers });
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect(wire.frames).to.deep.equal([]);
    });

    it('that are repeated are answered with the end of their run', async () => {
      const wire = await signedIn();
      const said = { type: 'message', content: 'Hi', language: 'de', idempotency_key: 'twice' };
      wire.say(said);
      wire.say(said);
      let run: { id: number } | undefined;
      while (!run) run = await knex('runs').where({ idempotency_key: 'twice', user_id: user.id }).first();
      expect(run).to.include({ language: 'de' });
      await api.call('POST', `/runs/${run.id}/cancel`, undefined, { token: user.access });
      const ended = await wire.until(({ type }) => type === 'error');
      expect(await answerTo(wire, said)).to.deep.equal(ended);
    });

    it('that are invalid get an error each, and the connection stays open', async () => {
      const wire = await signedIn();
      const { conversation_id } = await send(api, stranger);
      const message = (more: object) => ({ type: 'message', content: 'x', ...more });
      const cases: [string | Buffer | object, string][] = [
        ['', 'validation_failed'],
        ['hello', 'malformed_json'],
        ['{"type":"message"', 'malformed_json'],
        ['null', 'validation_failed'],
        ['[]', 'validation_failed'],
        ['"message"', 'validation_failed'],
        ['1e999', 'validation_failed'],
        [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'validation_failed'],
        [Buffer.from('{"type":"message","content":"x"}'), 'validation_failed'],
        [{ content: 'x' }, 'validation_failed'],
        [{ type: 'read', message_id: 1 }, 'validation_failed'],
        [message({ content: ' ' }), 'validation_failed'],
        [message({ content: 'x'.repeat(16_001) }), 'validation_failed'],
        [message({ content: 'a\0' }), 'validation_failed'],
        [message({ content: 'a\ud800' }), 'validation_failed'],
        [message({ more: 1 }), 'validation_failed'],
        [message({ conversation_id: '1' }), 'validation_failed'],
        [message({ language: 'english please' }), 'validation_failed'],
        [message({ idempotency_key: '' }), 'validation_failed'],
        [message({ conversation_id }), 'not_found'],
        [message({ conversation_id: 1e300 }), 'not_found'],
      ];
      for (const [frame, code] of cases) {
        const answer = await answerTo(wire, frame);
        expect(answer, String(JSON.stringify(frame)).slice(0, 80)).to.include({ type: 'error', code });
        expect(answer.message).to.be.a('string');
      }
      expect(wire.socket.readyState).to.equal(wire.socket.OPEN);
      await knex('users').where({ id: user.id }).update({ data_processing_consent: false });
      expect(await answerTo(wire, message({}))).to.include({ code: 'consent_required', status: 403 });
      await knex('users').where({ id: user.id }).update({ data_processing_consent: true });
    });

    it('above 256 KiB close the connection with 1009', async () => {
      const wire = await signedIn();
      wire.say({ type: 'message', content: 'x'.repeat(256 * 1024) });
      expect((await wire.closed)[0]).to.equal(1009);
    });

    it('that are not UTF-8 close with 1007, and wrong opcodes close with 1002', async () => {
      const wire = await signedIn();
      wire.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
      expect((await wire.closed)[0]).to.equal(1007);
      const odd = await signedIn();
      (odd.socket as unknown as { _socket: { write: (bytes: Buffer) => void } })._socket.write(
        Buffer.from([0x83, 0x80, 0, 0, 0, 0]),
      );
      expect((await odd.closed)[0]).to.equal(1002);
    });

    it('are all answered when 5,000 come at once', async () => {
      const wire = await signedIn();
      for (let i = 0; i < 5_000; i += 1) wire.say('{}');
      while (wire.frames.length < 5_000) await once(wire.socket, 'frame');
      expect(new Set(wire.frames.map(({ code }) => code))).to.deep.equal(new Set(['validation_failed']));
    });
  });

  describe('frames out', () => {
    async function play(text: string[], finish?: object): Promise<[Sent, Wire[], Frame[]]> {
      const all = [await signedIn(), await signedIn((await buildSession(user)).access)];
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      for (const delta of text) await worker.say(delta);
      await worker.finish(finish);
      await worker.announce();
      const ends = all.map((wire) => wire.until(({ type }) => type !== 'delta'));
      return [sent, all, await Promise.all(ends)];
    }

    it('reach all connections of the user, deltas and response', async () => {
      const theirs = await dial(api.url, stranger.id, stranger.access);
      wires.push(theirs);
      const socket = io(api.url, { auth: { token: user.access }, transports: ['websocket'], forceNew: true });
      await once(socket as never, 'connect');
      const pushed = once(socket as never, 'response');
      const [{ conversation_id, reply_id, run_id }, all, ends] = await play(['Hel', 'lo']);
      const place = { run_id, conversation_id, message_id: reply_id, attempt: 1 };
      for (const { frames } of all) {
        expect(frames.slice(0, -1)).to.deep.equal([
          { type: 'delta', delta: 'Hel', ...place, seq: 2 },
          { type: 'delta', delta: 'lo', ...place, seq: 3 },
        ]);
      }
      const { timestamp, ...response } = ends[0] as Frame;
      expect(response).to.deep.equal({
        type: 'response',
        content: 'Hello',
        ...place,
        seq: 4,
        sources: [],
        offered: [],
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
        finish_reason: 'stop',
      });
      expect(timestamp).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect((await pushed)[0]).to.deep.include({ type: 'response', content: 'Hello', timestamp });
      expect(theirs.frames).to.deep.equal([]);
      socket.disconnect();
    });

    it('report that a run failed or was cancelled', async () => {
      const error = { code: 'provider_rejected', message: 'No.' };
      const [sent, , [failed]] = await play(['so far'], { status: 'failed', error });
      expect(failed).to.include({ type: 'error', ...error, run_id: sent.run_id, content: 'so far' });
      const [, , [cancelled]] = await play(['so far'], { status: 'cancelled' });
      expect(cancelled).to.include({ type: 'error', code: 'cancelled', content: 'so far' });
    });

    it('report the beginning of a new attempt', async () => {
      const wire = await signedIn();
      const sent = await send(api, user);
      await (await playWorker(user, sent)).say('old');
      await knex('runs')
        .where({ id: sent.run_id })
        .update({ lease_until: new Date(0) });
      await (await playWorker(user, sent)).say('new');
      await wire.until(({ delta }) => delta === 'new');
      expect(wire.frames.map(({ attempt, delta }) => [attempt, delta])).to.deep.equal([
        [1, 'old'],
        [2, 'new'],
      ]);
    });
  });

  describe('is closed', () => {
    it('at a logout, for that session only', async () => {
      const { access } = await buildSession(user);
      const [ending, staying] = [await signedIn(access), await signedIn()];
      await api.call('POST', '/auth/logout', {}, { token: access });
      expect(await ending.closed).to.deep.equal([4401, 'unauthenticated']);
      expect(staying.socket.readyState).to.equal(staying.socket.OPEN);
    });

    it('when the token expires', async () => {
      const wire = await withShortToken(user, signedIn);
      expect((await wire.closed)[0]).to.equal(4401);
    });

    it('later, when it sent a newer token in time', async () => {
      const own = await buildSession(user);
      const { idle, renewed, expires_at } = await withShortToken(
        { id: user.id, sid: own.sid },
        async (short) => {
          const [idle, renewed] = [await signedIn(short), await signedIn(short)];
          renewed.say({ type: 'refresh', token: own.access });
          const refreshed = renewed.until(({ type }) => type === 'refreshed');
          const { expires_at } = await Promise.race([
            refreshed,
            renewed.closed.then(() => expect.fail('too late')),
          ]);
          return { idle, renewed, expires_at };
        },
      );
      expect(Date.parse(String(expires_at))).to.be.greaterThan(Date.now() + 800_000);
      expect((await idle.closed)[0]).to.equal(4401);
      expect(renewed.socket.readyState).to.equal(renewed.socket.OPEN);
      const wrong = await answerTo(renewed, { type: 'refresh', token: stranger.access });
      expect(wrong).to.include({ type: 'error', code: 'unauthenticated', status: 401 });
      for (const frame of [{ type: 'refresh' }, { type: 'refresh', token: user.access, more: 1 }])
        expect(await answerTo(renewed, frame)).to.include({ code: 'validation_failed' });
      await Session.end(own.sid);
      expect((await renewed.closed)[0]).to.equal(4401);
    });

    it('when pushes may have been lost', async () => {
      const wire = await signedIn();
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      expect((await wire.closed)[0]).to.equal(1012);
    });

    it('when its replica stops, which does not wait for a silent client', async () => {
      const web = await startProcfile('web');
      const [polite, silent] = [await signedIn(user.access, web.url), await signedIn(user.access, web.url)];
      silent.socket.pause();
      expect(await web.stop()).to.equal(0);
      expect(web.logs.map(({ msg }) => msg)).to.not.include('Grace period is over; the process exits');
      expect((await polite.closed)[0]).to.equal(1001);
    });

    it('when it does not read', async () => {
      const wire = await signedIn();
      wire.socket.pause();
      const worker = await playWorker(user, await send(api, user));
      for (let open = 1; open > 0; ) {
        await worker.say('x'.repeat(100_000));
        open = await socketsOpen();
      }
    });

    /** Returns the open sockets of this process, from its metrics. */
    async function socketsOpen(): Promise<number> {
      const text = await (await fetch(`${api.url}/metrics`)).text();
      return Number(/^sockets_connected (\d+)/m.exec(text)?.[1]);
    }
  });
});
