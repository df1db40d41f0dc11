import { expect } from 'chai';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { rows } from '../../db/sql.ts';
import { isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import type { JobName } from '../../shared/delivery/jobs.ts';
import type { Client } from './client.ts';
import type { BuiltUser } from './factories.ts';
import { type Device, deltas } from './device.ts';

type Ended = { id: number; status: string; announced: boolean; content: string; attempt: number };

/** I1: every run has ended and was announced. I2: one question and one reply each. Returns the runs, oldest first. */
export async function expectAllAnswered(): Promise<Ended[]> {
  const find = () =>
    rows<Ended>(
      `SELECT r.id, r.status, r.announced_at IS NOT NULL AS announced, m.content, r.attempt
       FROM runs r JOIN messages m ON m.id = r.reply_id ORDER BY r.id`,
    );
  let runs = await find();
  // A client hears the end a moment before the row says that it was told.
  for (const until = Date.now() + 5_000; runs.some(({ announced }) => !announced) && Date.now() < until; ) {
    await sleep(50);
    runs = await find();
  }
  for (const run of runs) {
    expect(run.status, `run ${run.id}`).to.be.oneOf(['completed', 'incomplete', 'failed', 'cancelled']);
    expect(run.announced, `run ${run.id} announced`).to.equal(true);
  }
  const [counts] = await rows<{ questions: number; replies: number }>(
    `SELECT count(*) FILTER (WHERE message_type = 'user') AS questions,
       count(*) FILTER (WHERE message_type = 'assistant') AS replies FROM messages`,
  );
  expect(counts).to.deep.equal({ questions: runs.length, replies: runs.length });
  return runs;
}

/** I3: numbers without a hole, and what the device shows is the row's text. */
export function expectShownIs(device: Device, runId: number, content: string): void {
  expectWhole(device.shown(runId));
  const shown = device.shown(runId);
  const last = shown.at(-1) as RunEvent;
  const carried = 'content' in last.data ? last.data.content : undefined;
  expect(carried).to.equal(content);
  if (shown.length > 1) expect(deltas(shown)).to.equal(content);
}

/** Numbers of one attempt rise by one from where the attempt begins. */
export function expectWhole(events: RunEvent[]): void {
  const [first] = events;
  if (first === undefined) throw new Error('nothing was shown');
  const start = first.data.attempt === 1 ? 1 : first.data.attempt * 1_000_000;
  expect(events.map(({ data }) => data.seq)).to.deep.equal(events.map((_, i) => start + i));
}

/** I4: nobody is pushed what is not theirs. */
export async function expectOnlyOwn(device: Device, user: BuiltUser): Promise<void> {
  const own = await rows<{ id: number }>('SELECT id FROM runs WHERE user_id = :id', { id: user.id });
  const ids = own.map(({ id }) => id);
  expect(device.events.filter(({ data }) => !ids.includes(data.run_id))).to.deep.equal([]);
}

/** Where to look: another database or Redis than the suite's, where a test has its own. */
export type Where = { rows?: typeof rows; redisUrl?: string };
/** The queues that a run goes through; a test may have no worker for others. */
const STAGES: JobName[] = ['moderation', 'context', 'completion'];
const REST_WITHIN_MS = 60_000;

/**
 * The five invariants, of all runs there are. Waits until nothing is owed.
 * @param clients all who sent something
 * @param processes how many of the application's processes are alive
 */
export async function expectInvariants(
  clients: Client[],
  processes: number,
  { rows: query = rows, redisUrl = process.env.REDIS_URL ?? '' }: Where = {},
): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    await untilRest(query, redis);
    const runs = await query<Run>(RUNS);
    expectEachOnce(runs, clients);
    await expectUsageOnce(query);
    for (const client of clients) await expectShown(client, runs);
    await expectConnections(query, redis, processes);
  } finally {
    redis.disconnect();
  }
}

type Run = {
  id: number;
  user_id: number;
  status: string;
  announced: boolean;
  content: string;
  attempt: number;
  copies: number;
};
const RUNS = `SELECT r.id, r.user_id, r.status, r.announced_at IS NOT NULL AS announced, m.content, r.attempt,
  (SELECT count(*) FROM messages WHERE run_id = r.id) AS copies
  FROM runs r JOIN messages m ON m.id = r.reply_id ORDER BY r.id`;

/** I5: nothing is owed, no job waits or is active. Rejects with what is left. */
async function untilRest(query: typeof rows, redis: Redis): Promise<void> {
  let left: Record<string, number> = {};
  for (const until = Date.now() + REST_WITHIN_MS; Date.now() < until; await sleep(250)) {
    left = await unfinished(query, redis);
    if (Object.keys(left).length === 0) return;
  }
  expect(left, 'unfinished').to.deep.equal({});
}

async function unfinished(query: typeof rows, redis: Redis): Promise<Record<string, number>> {
  const [owed] = await query<Record<string, number>>(
    `SELECT count(*) FILTER (WHERE completed_at IS NULL) AS running,
       count(*) FILTER (WHERE completed_at IS NOT NULL AND announced_at IS NULL) AS unannounced FROM runs`,
  );
  const counts = Object.entries(owed ?? {});
  for (const queue of STAGES) {
    for (const state of ['wait', 'active'])
      counts.push([`${queue} ${state}`, await redis.llen(`bull:${queue}:${state}`)]);
    for (const state of ['delayed', 'prioritized', 'waiting-children'])
      counts.push([`${queue} ${state}`, await redis.zcard(`bull:${queue}:${state}`)]);
  }
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** I1 and I2: every 202 has one run, which has ended once; a question and a reply each. */
function expectEachOnce(runs: Run[], clients: Client[]): void {
  const known = new Map(runs.map((run) => [run.id, run]));
  for (const run of runs) {
    expect(run.status, `run ${run.id}`).to.be.oneOf(['completed', 'incomplete', 'failed', 'cancelled']);
    expect(run.announced, `run ${run.id} announced`).to.equal(true);
    expect(run.copies, `messages of run ${run.id}`).to.equal(2);
  }
  const promised = clients.flatMap((client) => client.runs);
  expect(
    promised.filter((id) => !known.has(id)),
    'lost',
  ).to.deep.equal([]);
}

/** I2: the tokens of each run are in its conversation's sum once. */
async function expectUsageOnce(query: typeof rows): Promise<void> {
  const wrong = await query(
    `SELECT c.id, c.total_tokens, sum(r.total_tokens) AS used, c.message_count, 2 * count(*) AS stored
     FROM conversations c JOIN runs r ON r.conversation_id = c.id GROUP BY c.id
     HAVING c.total_tokens <> coalesce(sum(r.total_tokens), 0) OR c.message_count <> 2 * count(*)`,
  );
  expect(wrong, 'counted wrongly').to.deep.equal([]);
}

/** I1, I3 and I4, of what one client was shown. */
async function expectShown(client: Client, runs: Run[]): Promise<void> {
  const own = new Map(runs.filter((run) => run.user_id === client.user.id).map((run) => [run.id, run]));
  for (const id of client.runs) await client.end(id);
  const { events } = client.device;
  expect(
    events.filter(({ data }) => !own.has(data.run_id)),
    "another user's",
  ).to.deep.equal([]);
  for (const id of client.runs) {
    const ends = events.filter((event) => event.data.run_id === id && isTerminal(event));
    expect(new Set(ends.map(({ data }) => data.seq)).size, `ends of run ${id}`).to.equal(1);
    const shown = client.device.shown(id);
    const [first] = shown;
    // A terminal event that stands alone was made from the row, because the log was gone.
    if (first && !isTerminal(first)) expectShownIs(client.device, id, own.get(id)?.content ?? '');
    else expect(first?.data, `run ${id}`).to.include({ content: own.get(id)?.content });
  }
}

/** I5: nobody holds more connections than it should, and no transaction is left open. */
async function expectConnections(query: typeof rows, redis: Redis, processes: number): Promise<void> {
  const clients = String(await redis.client('LIST')).match(/name=parley-\S*/g) ?? [];
  const names = Map.groupBy(clients, (name) => name);
  // A BullMQ worker has two under one name; this process has its own.
  for (const [name, all] of names) expect(all.length, name).to.be.at.most(2 * (processes + 1));
  const open = await query(
    `SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
     AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '2 s'`,
  );
  expect(open, 'open transactions').to.deep.equal([]);
}
