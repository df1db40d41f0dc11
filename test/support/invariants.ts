import { expect } from 'chai';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { rows } from '../../db/sql.ts';
import { isTerminal, type RunEvent } from '../../shared/delivery/runEvents.ts';
import type { JobName } from '../../shared/delivery/jobs.ts';
import {
  holesIn,
  miscounted,
  owedRuns,
  type Query,
  type RunAtRest,
  runsAtRest,
  undoneJobs,
  wrongsOfRun,
  wrongsOfView,
} from '../../lab/kit/invariants.ts';
import { RunView } from '../../web/sdk/view.ts';
import type { Client } from './client.ts';
import type { BuiltUser } from './factories.ts';
import type { Device } from './device.ts';

/** I1 and I2 of every run. Returns the runs, oldest first. */
export async function expectAllAnswered(): Promise<RunAtRest[]> {
  let runs = await runsAtRest(rows);
  // A client hears the end a moment before the row says that it was announced.
  for (const until = Date.now() + 5_000; runs.some(({ announced }) => !announced) && Date.now() < until; ) {
    await sleep(50);
    runs = await runsAtRest(rows);
  }
  expectEachOnce(runs);
  const [stored] = await rows<{ messages: number }>('SELECT count(*) AS messages FROM messages');
  const due = runs.reduce((sum, run) => sum + run.questions + run.replies, 0);
  expect(stored?.messages, 'messages').to.equal(due);
  return runs;
}

/** Checks I3: numbers without a gap, and the shown text equals the row's. */
export function expectShownIs(device: Device, runId: number, content: string): void {
  const shown = device.shown(runId);
  expectWhole(shown);
  const { text, joined } = RunView.of(shown);
  expect(text).to.equal(content);
  if (joined !== undefined) expect(joined).to.equal(content);
}

/** Checks that the numbers of one attempt rise by one from the attempt's first number. */
export function expectWhole(events: RunEvent[]): void {
  if (events.length === 0) throw new Error('nothing was shown');
  expect(holesIn(events)).to.deep.equal([]);
}

/** Checks I4: a device gets only its user's events. */
export async function expectOnlyOwn(device: Device, user: BuiltUser): Promise<void> {
  const own = await rows<{ id: number }>('SELECT id FROM runs WHERE user_id = :id', { id: user.id });
  const ids = own.map(({ id }) => id);
  expect(device.events.filter(({ data }) => !ids.includes(data.run_id))).to.deep.equal([]);
}

/** Where to look: another database or Redis than the suite's, where a test has its own. */
export type Where = { rows?: Query; redisUrl?: string };
/** The queues that a run goes through; a test may have no worker for others. */
const STAGES: JobName[] = ['moderation', 'context', 'completion'];
const REST_WITHIN_MS = 60_000;

/**
 * Waits until nothing is owed, then checks the five invariants for all runs.
 * @param clients all clients that sent something
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
    const runs = await runsAtRest(query);
    expectEachOnce(runs);
    expectNoneLost(runs, clients);
    expect(await miscounted(query), 'counted wrongly').to.deep.equal([]);
    for (const client of clients) await expectShown(client, runs);
    await expectConnections(query, redis, processes);
  } finally {
    redis.disconnect();
  }
}

/** I5: nothing is owed, no job waits or is active. Rejects with what is left. */
async function untilRest(query: Query, redis: Redis): Promise<void> {
  let left: Record<string, number> = {};
  for (const until = Date.now() + REST_WITHIN_MS; Date.now() < until; await sleep(250)) {
    left = await unfinished(query, redis);
    if (Object.keys(left).length === 0) return;
  }
  expect(left, 'unfinished').to.deep.equal({});
}

async function unfinished(query: Query, redis: Redis): Promise<Record<string, number>> {
  return { ...(await owedRuns(query)), ...(await undoneJobs(redis, STAGES)) };
}

/** I1 and I2: every run has ended and was announced, with one question and one reply. */
function expectEachOnce(runs: RunAtRest[]): void {
  const wrongs = runs.flatMap((run) => wrongsOfRun(run).map((wrong) => `run ${run.id} ${wrong}`));
  expect(wrongs).to.deep.equal([]);
}

/** I1: every 202 has a run. */
function expectNoneLost(runs: RunAtRest[], clients: Client[]): void {
  const known = new Set(runs.map(({ id }) => id));
  const promised = clients.flatMap((client) => client.runs);
  expect(
    promised.filter((id) => !known.has(id)),
    'lost',
  ).to.deep.equal([]);
}

/** I1, I3 and I4, of what one client was shown. */
async function expectShown(client: Client, runs: RunAtRest[]): Promise<void> {
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
    const run = own.get(id);
    if (run === undefined) throw new Error(`run ${id} is another user's`);
    expect(wrongsOfView(RunView.of(shown), run), `device, run ${id}`).to.deep.equal([]);
    const [first] = shown;
    // A terminal event that stands alone was made from the row, because the log was gone.
    if (first && !isTerminal(first)) expectWhole(shown);
  }
}

/** I5: nobody holds more connections than it should, and no transaction is left open. */
async function expectConnections(query: Query, redis: Redis, processes: number): Promise<void> {
  const clients = String(await redis.client('LIST')).match(/name=parley-\S*/g) ?? [];
  const names = Map.groupBy(clients, (name) => name);
  // A BullMQ worker has two connections under one name; this process has its own.
  for (const [name, all] of names) expect(all.length, name).to.be.at.most(2 * (processes + 1));
  const open = await query(
    `SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
     AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '2 s'`,
  );
  expect(open, 'open transactions').to.deep.equal([]);
}
