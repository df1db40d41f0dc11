import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Socket } from 'socket.io-client';
import { connect } from './clients.ts';
import { hangUp, post } from './load.ts';
import { type LabUser, makeUsers, SEND } from '../kit/users.ts';
import { addFaqs, newQuestion } from './messages.ts';
import type { Resting } from './rest.ts';
import { type Child, type Ground, startGround } from '../kit/ground.ts';

/** Per round: minutes, idle sockets, messages per second. How many rounds. */
export type SoakOptions = { minutes: number; sockets: number; rate: number; rounds: number };

const TYPES = ['web', 'web', 'moderation', 'context', 'completion', 'embedding', 'housekeeping'];
const WARM_UP_MINUTES = 0.5;
/** Longer than pools keep idle connections. */
const REST_MS = 40_000;
const ENDED_WITHIN_MS = 300_000;

/** Numbers of posted messages. A busy machine may refuse some (503). */
type Posted = { accepted: number; refused: number };
type Row = { name: string; states: Resting[] };

/**
 * Runs rounds of load. Measures every process at rest before the rounds and after each round.
 * @returns a table. @throws Error when a message has no answer or work is owed at rest
 */
export async function soak({ minutes, sockets, rate, rounds }: SoakOptions): Promise<string> {
  const ground = await startGround();
  try {
    await addFaqs(ground);
    const children = await Promise.all(TYPES.map((type) => ground.startType(type, PRELOAD)));
    const rows: Row[] = children.map((_, i) => ({ name: nameOf(i), states: [] }));
    const stores: number[][] = [];
    const look = async () => {
      for (const [i, child] of children.entries()) rows[i]?.states.push(await restOf(child));
      stores.push([await postgresConnections(ground), await redisConnections(ground)]);
    };
    const webs = children.slice(0, 2).map(({ port }) => port);
    await load(ground, webs, { minutes: WARM_UP_MINUTES, sockets: Math.ceil(sockets / 10), rate });
    await look();
    const posted: Posted = { accepted: 0, refused: 0 };
    for (let round = 1; round <= rounds; round += 1) {
      process.stderr.write(`soak: round ${round} of ${rounds}, ${minutes} minutes\n`);
      const { accepted, refused } = await load(ground, webs, { minutes, sockets, rate });
      posted.accepted += accepted;
      posted.refused += refused;
      await look();
    }
    return `${table(rows)}\n\n${posted.accepted} messages, all answered, ${posted.refused} refused. Connections to PostgreSQL ${stores.map(([pg]) => pg).join(' → ')}, to Redis ${stores.map(([, redis]) => redis).join(' → ')}.`;
  } finally {
    await ground.stop();
  }
}

const PRELOAD = {
  NODE_OPTIONS: '--expose-gc --disable-warning=ExperimentalWarning --import ./lab/bench/rest.ts',
};

/** Runs a round: connects sockets, posts messages, closes sockets. Returns when nothing is owed and pools are empty. */
async function load(
  ground: Ground,
  webs: number[],
  { minutes, sockets, rate }: Omit<SoakOptions, 'rounds'>,
): Promise<Posted> {
  const users = await makeUsers(ground, sockets);
  const web = (i: number) => webs[i % webs.length] ?? 0;
  const open: Socket[] = [];
  for (let i = 0; i < users.length; i += 50) {
    const some = users.slice(i, i + 50);
    open.push(...(await Promise.all(some.map(({ token }, j) => connect(web(i + j), { token })))));
  }
  const began = performance.now();
  const total = Math.round(minutes * 60 * rate);
  const sent: Promise<number>[] = [];
  for (let i = 0; i < total; i += 1) {
    await sleep(Math.max(0, began + (i * 1_000) / rate - performance.now()));
    const { token } = users[(i * 7) % users.length] as LabUser;
    sent.push(
      post(web(i), SEND, { content: newQuestion(i) }, token).then(
        () => 1,
        () => 0,
      ),
    );
  }
  const accepted = (await Promise.all(sent)).reduce((sum, one) => sum + one, 0);
  await untilNothingOwed(ground);
  for (const socket of open) socket.disconnect();
  hangUp();
  await sleep(REST_MS);
  return { accepted, refused: total - accepted };
}

async function untilNothingOwed(ground: Ground): Promise<void> {
  const left =
    "SELECT count(*)::int AS owed, count(*) FILTER (WHERE status NOT IN ('completed', 'queued', 'in_progress'))::int AS wrong FROM runs WHERE announced_at IS NULL OR status <> 'completed'";
  for (const until = Date.now() + ENDED_WITHIN_MS; ; await sleep(500)) {
    const [found] = await ground.query<{ owed: number; wrong: number }>(left);
    if (found?.owed === 0) return;
    if (Date.now() > until) throw new Error(`not answered: ${JSON.stringify(found)}`);
  }
}

async function restOf({ process: child }: Child): Promise<Resting> {
  const said = once(child, 'message');
  child.send('rest');
  const [resting] = (await said) as [Resting];
  return resting;
}

async function postgresConnections(ground: Ground): Promise<number> {
  const count = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'parley'";
  return (await ground.query<{ count: number }>(count))[0]?.count ?? 0;
}

async function redisConnections(ground: Ground): Promise<number> {
  const redis = new Redis(ground.redisUrl);
  const found = String(await redis.client('LIST')).match(/name=parley-/g)?.length ?? 0;
  redis.disconnect();
  return found;
}

function nameOf(i: number): string {
  const type = TYPES[i] ?? '';
  return type === 'web' ? `web ${i + 1}` : type;
}

/** Returns a table with each value before the first round → after the first → and so on. */
function table(rows: Row[]): string {
  const mib = (states: Resting[], of: (state: Resting) => number) =>
    states.map((state) => (of(state) / 2 ** 20).toFixed(1)).join(' → ');
  const lines = rows.map(
    ({ name, states }) =>
      `| ${name} | ${mib(states, ({ heap }) => heap)} | ${mib(states, ({ external }) => external)} | ${mib(states, ({ rss }) => rss)} | ${mib(states, ({ heapTotal }) => heapTotal)} | ${mib(states, ({ mapped }) => mapped.malloc)} | ${mib(states, ({ mapped }) => mapped.other)} | ${mib(states, ({ mapped }) => mapped.files)} | ${states.map(({ fds }) => fds).join(' → ')} |`,
  );
  return [
    '| process | heap, MiB | external, MiB | RSS, MiB | V8 heap with free pages, MiB | malloc, MiB | other anonymous, MiB | files, MiB | file descriptors |',
    '|---|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
