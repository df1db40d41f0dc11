import { expect } from 'chai';
import { FlowProducer, type FlowJob } from 'bullmq';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { knex } from '../../db/knex.ts';
import { row, rows } from '../../db/sql.ts';
import { itNative, onNative } from '../support/native.ts';
import type { RunEvent } from '../../shared/delivery/runEvents.ts';
import { connectClient } from '../support/client.ts';
import { connectDevice, deltas, newestAttempt } from '../support/device.ts';
import { buildUser } from '../support/factories.ts';
import { expectInvariants, expectWhole } from '../support/invariants.ts';
import { type Stack, startApart, WORKERS } from '../support/stack.ts';
import { fell, trapped } from '../support/traps.ts';

describe('races', () => {
  let stack: Stack;
  const PROCESSES = 2 + WORKERS.length;

  before(async function () {
    this.timeout(150_000);
    stack = await startApart({ RATE_LIMIT_PER_MINUTE: '10000', MAX_COMPLETION_TOKENS: '1000000' });
  });
  after(async function () {
    this.timeout(150_000);
    await stack.stop();
  });

  const connect = async (web = 0) =>
    connectClient(await buildUser(), stack.web[web] ?? '', stack.web[1 - web] ?? '');

  it('fifty posts and a socket with one key on two replicas at once make one run', async function () {
    this.timeout(150_000);
    const client = await connect();
    const content = 'once [[tokens:3]]';
    // Long enough that all posts look for the key before the first commits.
    if (onNative) await holdStill('INSERT ON runs FOR EACH ROW');
    const answers = await Promise.all([
      client.device
        .ask('message', { type: 'message', content, idempotency_key: 'one' })
        .then(({ run_id }) => run_id),
      ...Array.from({ length: 50 }, (_, i) =>
        client
          .post(content, { key: 'one', web: stack.web[i % 2] ?? '' })
          .then(({ status, body }) => (status === 202 ? body.run_id : status)),
      ),
    ]);
    if (onNative) await letGo();
    expect(new Set(answers).size).to.equal(1);
    expect(await rows('SELECT id FROM runs WHERE user_id = :id', { id: client.user.id })).to.have.length(1);
    await expectInvariants([client], PROCESSES);
    client.close();
  });

  it('messages that race in one conversation are answered one at a time, in order', async function () {
    this.timeout(150_000);
    const client = await connect();
    const { conversation_id } = await client.send('begin [[tokens:2]]');
    const replica = (i: number) => ({ conversation_id, web: stack.web[i % 2] ?? '' });
    for (let round = 0; round < 10; round += 1)
      await Promise.all([0, 1].map((i) => client.post(`${round}.${i} [[tokens:2]]`, replica(i))));
    const strategies = Array.from(
      { length: 20 },
      (_, i) => ['enqueue', 'enqueue', 'interrupt', 'enqueue', 'reject'][i % 5],
    );
    const answers = await Promise.all(
      strategies.map((multitask_strategy = '', i) =>
        client.post(`race ${i} [[tokens:20]] [[gap:10]]`, { ...replica(i), multitask_strategy }),
      ),
    );
    for (const [i, { status }] of answers.entries())
      expect(status, strategies[i]).to.be.oneOf(strategies[i] === 'reject' ? [202, 409] : [202]);
    await expectInvariants([client], PROCESSES);
    // One at a time, in the order of acceptance.
    const overlaps = await rows(
      `SELECT a.id, b.id AS with FROM runs a JOIN runs b ON a.conversation_id = b.conversation_id AND a.id < b.id
       WHERE a.user_id = :id AND a.started_at IS NOT NULL AND b.started_at < a.completed_at`,
      { id: client.user.id },
    );
    expect(overlaps).to.deep.equal([]);
    client.close();
  });

  itNative(
    'a cancel and a message in the middle of a finish wait for it, and both succeed',
    async function () {
      this.timeout(150_000);
      const client = await connect();
      const deadlocksBefore = await deadlocks();
      // Holds the finish after each of its writes, before its commit.
      await holdStill(
        'UPDATE ON runs FOR EACH ROW WHEN (OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL)',
        'UPDATE ON conversations FOR EACH ROW WHEN (OLD.total_tokens <> NEW.total_tokens)',
      );
      try {
        const { run_id, conversation_id } = await client.send('held [[tokens:3]]');
        await sleepersSeen();
        const cancel = stack.post(`/runs/${run_id}/cancel`, {}, client.user.access);
        await sleep(600);
        const next = await client.post('behind it [[tokens:3]]', { conversation_id });
        expect((await cancel).status, 'cancel').to.equal(200);
        expect(next.status, 'next').to.equal(202);
        for (const id of client.runs) expect((await client.end(id)).event).to.equal('response');
      } finally {
        await letGo();
      }
      await expectInvariants([client], PROCESSES);
      // All transactions lock the conversation before the run.
      expect(await deadlocks()).to.equal(deadlocksBefore);
      client.close();
    },
  );

  it('a cancel just before the finish wins, and a cancel just after it changes nothing', async function () {
    this.timeout(150_000);
    const client = await connect();
    for (const worker of stack.of('completion')) await worker.stop();
    for (const [at, status] of [
      ['completion.streamed', 'cancelled'],
      ['completion.finished', 'completed'],
    ] as const) {
      const worker = await stack.add('completion', trapped('STOP_AT', at));
      const { run_id } = await client.send(`${at} [[tokens:5]]`);
      expect(await fell(worker)).to.equal(run_id);
      const answer = await stack.post(`/runs/${run_id}/cancel`, {}, client.user.access, { web: 1 });
      expect(answer.status).to.equal(status === 'cancelled' ? 202 : 200);
      worker.kill('SIGCONT');
      await client.end(run_id);
      const run = await row<{ status: string; content: string }>(
        'SELECT r.status, m.content FROM runs r JOIN messages m ON m.id = r.reply_id WHERE r.id = :run_id',
        { run_id },
      );
      expect(run).to.deep.equal({ status, content: 'w1 w2 w3 w4 w5' });
      await worker.stop();
    }
    await stack.add('completion');
    await expectInvariants([client], PROCESSES);
    client.close();
  });

  it('a client that is cut off a hundred times between two replicas sees every token once', async function () {
    this.timeout(150_000);
    const client = await connect();
    const { run_id } = await client.send('cut [[tokens:400]] [[gap:15]]');
    const seen: RunEvent[] = [];
    for (let cut = 0; cut < 100; cut += 1) {
      const device = await connectDevice(stack.web[cut % 2] ?? '', client.user.access);
      const { events } = (await device.ask('resume', { run_id, after_seq: seen.at(-1)?.data.seq ?? 0 })) as {
        events: RunEvent[];
      };
      await sleep(15);
      device.close();
      seen.splice(0, Infinity, ...whole([...seen, ...events, ...device.events]));
    }
    expect(seen.length, 'cut in mid-stream').to.be.within(50, 1_000);
    await client.end(run_id);
    const device = await connectDevice(stack.web[0] ?? '', client.user.access);
    const { events } = (await device.ask('resume', { run_id, after_seq: seen.at(-1)?.data.seq ?? 0 })) as {
      events: RunEvent[];
    };
    const all = newestAttempt([...seen, ...events]);
    expectWhole(all);
    expect(deltas(all)).to.equal(Array.from({ length: 400 }, (_, i) => `w${i + 1}`).join(' '));
    device.close();
    await expectInvariants([client], PROCESSES);
    client.close();
  });

  it('a client that reads one byte a second delays nobody else', async function () {
    this.timeout(150_000);
    const client = await connect();
    const slow = await Promise.all([0, 1].map((web) => readSlowly(stack.web[web] ?? '', client.user.access)));
    const { run_id } = await client.send('much [[tokens:40000]] [[gap:0]]');
    const sse = await readSlowly(stack.web[0] ?? '', client.user.access, `/api/v1/runs/${run_id}/events`);
    // The slow clients would need hours for the whole text.
    await client.end(run_id);
    await client.end((await client.send('quick [[tokens:2]]')).run_id);
    for (const one of [...slow, sse]) one.destroy();
    await expectInvariants([client], PROCESSES);
    client.close();
  });

  it('workers still process the jobs of the first release', async function () {
    this.timeout(150_000);
    const client = await connect();
    for (const keeper of stack.of('housekeeping')) await keeper.stop();
    const web = await stack.add('web', trapped('KILL_AT', 'web.committed'));
    await client.post('of old [[tokens:3]]', { key: 'old', web: web.url }).catch(() => {});
    const { body, headers } = await client.post('of old [[tokens:3]]', { key: 'old' });
    expect(headers.get('idempotency-replayed')).to.equal('true');
    const { run_id } = body;
    const recorded = readFileSync(new URL('recorded-flow.json', import.meta.url), 'utf8');
    const flows = new FlowProducer({ connection: { url: process.env.REDIS_URL ?? '' } });
    await flows.add(
      JSON.parse(recorded.replaceAll('"RUN"', String(run_id)).replaceAll('RUN', String(run_id))) as FlowJob,
    );
    await flows.close();
    expect((await client.end(Number(run_id))).event).to.equal('response');
    await stack.add('housekeeping');
    await expectInvariants([client], PROCESSES);
    client.close();
  });
});

/** Makes transactions wait half a second after a write. */
async function holdStill(...writes: string[]): Promise<void> {
  await knex.raw(`CREATE FUNCTION hold_still() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END'`);
  for (const write of writes)
    await knex.raw(`CREATE TRIGGER hold_still AFTER ${write} EXECUTE FUNCTION hold_still()`);
}

async function letGo(): Promise<void> {
  await knex.raw('DROP FUNCTION hold_still CASCADE');
}

async function deadlocks(): Promise<number> {
  const found = await row<{ deadlocks: number }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return found?.deadlocks ?? 0;
}

async function sleepersSeen(): Promise<void> {
  const looking =
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  while ((await rows(looking)).length === 0) await sleep(10);
}

/** Returns what a client keeps: the newest attempt up to the first gap. */
function whole(events: RunEvent[]): RunEvent[] {
  const sorted = newestAttempt(events);
  const hole = sorted.findIndex(({ data }, i) => data.seq !== (sorted[0]?.data.seq ?? 0) + i);
  return hole < 0 ? sorted : sorted.slice(0, hole);
}

/** Opens a connection that reads one byte a second: a WebSocket of Socket.IO, or a GET of `path`. */
async function readSlowly(web: string, token: string, path?: string): Promise<net.Socket> {
  const { hostname, port } = new URL(web);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => {});
  const upgrade =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const ask = path ?? '/socket.io/?EIO=4&transport=websocket';
  socket.write(
    `GET ${ask} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n${path ? '' : upgrade}\r\n`,
  );
  if (path === undefined) {
    await new Promise((answered) => socket.once('data', answered));
    socket.write(textFrame(`40${JSON.stringify({ token })}`));
    await sleep(200);
  }
  socket.pause();
  const timer = setInterval(() => socket.read(1), 1_000);
  socket.once('close', () => clearInterval(timer));
  return socket;
}

/** Builds a masked WebSocket text frame, with a mask of zeros. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(payload.length);
  return Buffer.concat([Buffer.from([0x81, 0x80 | 126]), size, Buffer.alloc(4), payload]);
}
