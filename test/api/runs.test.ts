import { once } from 'node:events';
import { connect } from 'node:net';
import { mock } from 'node:test';
import { expect } from 'chai';
import { Session } from '../../db/models/session.ts';
import { knex } from '../../db/knex.ts';
import { redis } from '../../shared/delivery/redis.ts';
import { openEventSource } from '../support/event-source.ts';
import { type BuiltUser, buildSession, buildUser } from '../support/factories.ts';
import { playWorker, send, servedWeb } from '../support/web.ts';

type SseEvent = { id: string; event: string; data: Record<string, unknown> };

describe('runs', () => {
  const api = servedWeb();
  let user: BuiltUser;
  let stranger: BuiltUser;
  before(async () => {
    [user, stranger] = [await buildUser(), await buildUser()];
  });

  const get = (path: string, token = user.access) => api.call('GET', path, undefined, { token });
  const cancel = (id: unknown, token = user.access) =>
    api.call('POST', `/runs/${id}/cancel`, undefined, { token });

  it('show exactly the fields of the contract', async () => {
    const sent = await send(api, user);
    const { status, body } = await get(`/runs/${sent.run_id}`);
    expect(status).to.equal(200);
    expect(Object.keys(body).join(' ')).to.equal(
      'id status attempt conversation_id message_id reply_id model assistant usage error sources offered created_at started_at completed_at',
    );
    expect(body).to.deep.include({
      id: sent.run_id,
      status: 'queued',
      attempt: 0,
      usage: null,
      error: null,
      sources: [],
      offered: [],
    });
  });

  it('show usage and error once ended, and waiting runs as queued', async () => {
    const first = await send(api, user);
    const second = await send(api, user, { conversation_id: first.conversation_id });
    expect((await get(`/runs/${second.run_id}`)).body.status).to.equal('queued');
    await (await playWorker(user, first)).finish({
      status: 'failed',
      error: { code: 'model_unavailable', message: 'No.' },
    });
    expect((await get(`/runs/${first.run_id}`)).body).to.deep.include({
      status: 'failed',
      error: { code: 'model_unavailable', message: 'No.' },
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    });
  });

  for (const path of ['', '/events']) {
    it(`are 404 for other users: GET /runs/:id${path}`, async () => {
      const { run_id } = await send(api, user);
      expect((await get(`/runs/${run_id}${path}`, stranger.access)).status).to.equal(404);
      for (const id of ['0', '-1', 'x', '1.5', '1e3', '99999999999999999999999', '%00', '123456789'])
        expect((await get(`/runs/${id}${path}`)).status, id).to.equal(404);
      expect((await api.call('GET', `/runs/${run_id}${path}`)).status).to.equal(401);
    });
  }

  describe('cancel', () => {
    it('ends a queued run at once and promotes the next', async () => {
      const head = await send(api, user);
      const next = await send(api, user, { conversation_id: head.conversation_id });
      const { status, body } = await cancel(head.run_id);
      expect(status).to.equal(202);
      expect(body).to.include({ id: head.run_id, status: 'cancelled', attempt: 2 });
      expect(await knex('runs').where({ id: next.run_id }).first()).to.include({
        status: 'queued',
        generation: 1,
      });
    });

    it('ends a waiting run and leaves the head alone', async () => {
      const head = await send(api, user);
      const next = await send(api, user, { conversation_id: head.conversation_id });
      expect((await cancel(next.run_id)).body.status).to.equal('cancelled');
      expect((await get(`/runs/${head.run_id}`)).body.status).to.equal('queued');
    });

    it('flags a running run', async () => {
      const sent = await send(api, user);
      await playWorker(user, sent);
      const { status, body } = await cancel(sent.run_id);
      expect([status, body.status]).to.deep.equal([202, 'in_progress']);
      expect((await knex('runs').where({ id: sent.run_id }).first()).cancel_requested_at).to.be.an.instanceOf(
        Date,
      );
    });

    it('leaves ended runs unchanged, with 200', async () => {
      const sent = await send(api, user);
      const { body } = await cancel(sent.run_id);
      const again = await cancel(sent.run_id);
      expect(again.status).to.equal(200);
      expect(again.body).to.deep.equal(body);
    });

    it("answers 404 for someone else's and changes nothing", async () => {
      const { run_id } = await send(api, user);
      for (const id of [run_id, '0', 'x', '99999999999999999999'])
        expect((await cancel(id, stranger.access)).status).to.equal(404);
      expect((await get(`/runs/${run_id}`)).body.status).to.equal('queued');
    });
  });

  describe('events', () => {
    const open = (id: number, { after, token = user.access, headers = {} }: OpenOptions = {}) =>
      fetch(`${api.url}/api/v1/runs/${id}/events${after === undefined ? '' : `?after=${after}`}`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      });

    it('streams past and future events, and closes after the terminal event', async () => {
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      await worker.say('Hel');
      const answer = await open(sent.run_id);
      expect(answer.headers.get('content-type')).to.match(/^text\/event-stream/);
      const stream = readEvents(answer);
      expect((await stream.next()).value).to.include({ id: '1', event: 'run.status' });
      expect((await stream.next()).value).to.include({ id: '2', event: 'response.delta' });
      await worker.say('lo\n\ndata: x');
      expect((await stream.next()).value).to.deep.include({ id: '3', data: worker.shown[2]?.data });
      await worker.finish();
      await worker.announce();
      const last = (await stream.next()).value as SseEvent;
      expect(last).to.include({ id: '4', event: 'response' });
      expect(last.data.content).to.equal('Hello\n\ndata: x');
      expect((await stream.next()).done).to.equal(true);
    });

    it('waits for a run that has not begun', async () => {
      const sent = await send(api, user);
      const stream = readEvents(await open(sent.run_id));
      await cancel(sent.run_id);
      expect((await stream.next()).value).to.include({ event: 'run.cancelled', id: '2000000' });
      expect((await stream.next()).done).to.equal(true);
    });

    it('begins after a seq, from the header rather than the query', async () => {
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      for (const text of ['a', 'b', 'c']) await worker.say(text);
      await worker.finish();
      await worker.announce();
      const ids = async (options: OpenOptions) =>
        (await allEvents(await open(sent.run_id, options))).map(({ id }) => id);
      expect(await ids({ after: '0' })).to.deep.equal(['1', '2', '3', '4', '5']);
      expect(await ids({ after: '3' })).to.deep.equal(['4', '5']);
      expect(await ids({ after: '1', headers: { 'Last-Event-ID': '4' } })).to.deep.equal(['5']);
    });

    describe('of an ended run whose terminal event the client has seen', () => {
      let ended: number;
      beforeEach(async () => {
        const sent = await send(api, user);
        const worker = await playWorker(user, sent);
        await worker.say('a');
        await worker.finish();
        await worker.announce();
        ended = sent.run_id;
      });

      const SEEN: Record<string, OpenOptions> = {
        'after=3': { after: '3' },
        'Last-Event-ID: 3': { headers: { 'Last-Event-ID': '3' } },
        'the header before the query': { after: '0', headers: { 'Last-Event-ID': '3' } },
        'a seq beyond the end': { after: '999999999999999' },
      };
      for (const [name, options] of Object.entries(SEEN)) {
        it(`answers 204 without a body, with or without the log: ${name}`, async () => {
          for (const wipe of [false, true]) {
            if (wipe) await redis.flushall();
            const answer = await open(ended, options);
            expect([answer.status, answer.headers.get('content-type')]).to.deep.equal([204, null]);
            expect(await answer.text()).to.equal('');
          }
        });
      }

      it('answers 404 to strangers', async () => {
        const answer = await open(ended, { after: '3', token: stranger.access });
        expect(answer.status).to.equal(404);
      });

      it('stops an EventSource at its first reconnect', async () => {
        const source = openEventSource(`${api.url}/api/v1/runs/${ended}/events`, user.access);
        expect(await source.over).to.equal(204);
        expect(source.connections()).to.equal(1);
        expect(source.events.map(({ event }) => event).at(-1)).to.equal('response');
      });
    });

    it('answers from the row when the log is gone, also while it streams', async () => {
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      await worker.say('Hello');
      const stream = readEvents(await open(sent.run_id, { after: '2' }));
      const next = stream.next();
      await worker.finish();
      await redis.flushall();
      expect((await next).value).to.deep.include({ id: '3', event: 'response' });
      const [only] = await allEvents(await open(sent.run_id));
      expect(only?.data.content).to.equal('Hello');
    });

    for (const after of ['-1', 'x', '1.5', '', '1e3', '0x1', '01', '9'.repeat(30), '1&after=2', '1&more=1']) {
      it(`refuses after=${after.slice(0, 10)}`, async () => {
        const { run_id } = await send(api, user);
        expect((await open(run_id, { after })).status).to.equal(400);
      });
    }

    it('refuses a malformed Last-Event-ID', async () => {
      const { run_id } = await send(api, user);
      for (const id of [
        '-1',
        'abc',
        '1.5',
        '01',
        'words that are none',
        "1' OR '1'='1",
        '9'.repeat(16),
        '1\t2',
      ])
        expect((await open(run_id, { headers: { 'Last-Event-ID': id } })).status).to.equal(400);
    });

    it('sends heartbeats while nothing happens', async () => {
      const { run_id } = await send(api, user);
      const answer = await open(run_id);
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).to.equal('retry: 1000\n\n');
      mock.timers.enable({ apis: ['Date'], now: Date.now() + 15_000 });
      expect((await reader.read()).value).to.equal(':\n\n');
      mock.timers.reset();
      await reader.cancel();
    });

    it('waits for a client that does not read, and sends everything when it does', async () => {
      const sent = await send(api, user);
      const worker = await playWorker(user, sent);
      const { hostname, port } = new URL(api.url);
      const slow = connect(Number(port), hostname);
      slow.write(
        `GET /api/v1/runs/${sent.run_id}/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
          `Authorization: Bearer ${user.access}\r\n\r\n`,
      );
      await once(slow, 'readable');
      // More than the buffers of both ends hold.
      for (let i = 0; i < 100; i += 1) await worker.say(String(i % 10).repeat(100_000));
      await worker.finish();
      await worker.announce();
      let text = '';
      for await (const chunk of slow) text += String(chunk);
      const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
      expect(ids).to.deep.equal(Array.from({ length: 102 }, (_, i) => i + 1));
    });

    it('ends when the session does', async () => {
      const { sid, access } = await buildSession(user);
      const stream = readEvents(await open((await send(api, user)).run_id, { token: access }));
      await Session.end(sid);
      expect((await stream.next()).done).to.equal(true);
    });
  });
});

type OpenOptions = { after?: string; token?: string; headers?: Record<string, string> };

async function allEvents(answer: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = [];
  for await (const event of readEvents(answer)) events.push(event);
  return events;
}

/** Reads the events of an SSE stream, without comments and `retry`. */
async function* readEvents(answer: Response): AsyncGenerator<SseEvent> {
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (fields.event) yield { id: fields.id, event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}
