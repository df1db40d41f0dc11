import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from './clients.ts';
import { latencies, post } from './load.ts';
import { addFaqs, newQuestion, rate, WARM_UP } from './messages.ts';
import { startPlain } from './plain.ts';
import type { Step } from './trace.ts';
import { type Child, type Ground, startGround, WORKERS } from '../kit/ground.ts';
import { type LabUser, makeUsers, SEND } from '../kit/users.ts';

/** Seconds, and messages a second: unloaded. */
const [SECONDS, RATE] = [10, 10];
/** Ms after the first delta that are shown too: the run's end. */
const AFTER = 10;
const TRACE = { NODE_OPTIONS: '--disable-warning=ExperimentalWarning --import ./lab/bench/trace.ts' };

type Sent = { posted: number; accepted: number; shown: number };

/** One side: its processes, and a message until its 202 and its first delta. */
type Side = { title: string; children: Child[]; post: (i: number) => Promise<number>; first: Firsts };
type Firsts = (id: number) => Promise<number>;

/**
 * Measures where the time of a message goes: the steps of the message whose first delta took the median of an unloaded loop, of
 * ours and of the same without durability.
 */
export async function timeline(): Promise<string> {
  const ground = await startGround();
  try {
    await addFaqs(ground);
    const users = await makeUsers(ground, 50);
    const sides = [await startOurs(ground, users), await startFloor(ground, users)];
    const tables: string[] = [];
    for (const side of sides) tables.push(await tableOfSide(side));
    return tables.join('\n\n');
  } finally {
    await ground.stop();
  }
}

async function startOurs(ground: Ground, users: LabUser[]): Promise<Side> {
  const [web, other] = await Promise.all([ground.startType('web', TRACE), ground.startType('web', TRACE)]);
  const workers = await Promise.all(WORKERS.map((type) => ground.startType(type, TRACE)));
  return {
    title: 'Parley',
    children: [web, other, ...workers],
    first: (await listen(users, other.port, 'run_id')).first,
    async post(i) {
      const { token } = users[i % users.length] as LabUser;
      return (await post<{ run_id: number }>(web.port, SEND, { content: newQuestion(i) }, token)).run_id;
    },
  };
}

async function startFloor(ground: Ground, users: LabUser[]): Promise<Side> {
  const { web, sockets, workers } = await startPlain(ground, TRACE);
  return {
    title: 'The same without durability',
    children: [web, sockets, ...workers],
    first: (await listen(users, sockets.port, 'message_id')).first,
    async post(i) {
      const body = { content: newQuestion(i), user_id: (users[i % users.length] as LabUser).id };
      return (await post<{ message_id: number }>(web.port, '/', body, '')).message_id;
    },
  };
}

async function tableOfSide({ title, children, post: send, first }: Side): Promise<string> {
  let sent: Sent[] = [];
  const ask = async (i: number) => {
    const posted = now();
    const id = await send(i);
    const accepted = now();
    const at = await first(id);
    sent.push({ posted, accepted, shown: now() });
    return at;
  };
  await rate(WARM_UP, async (i) => void (await ask(i)));
  await Promise.all(children.map(stepsOf));
  sent = [];
  await latencies(RATE, SECONDS, ask);
  await sleep(500);
  const steps = (await Promise.all(children.map(stepsOf))).flat();
  const median = sent.toSorted((a, b) => a.shown - a.posted - (b.shown - b.posted))[sent.length >> 1];
  return `${title}\n\n${tableOf(median as Sent, steps)}`;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function stepsOf({ process }: Child): Promise<Step[]> {
  const answered = once(process, 'message') as Promise<[Step[]]>;
  process.send('trace');
  return (await answered)[0];
}

function tableOf({ posted, accepted, shown }: Sent, steps: Step[]): string {
  const own = [
    { process: 'client', what: 'POST, until its 202', began: posted, ended: accepted },
    { process: 'client', what: 'until the first delta', began: posted, ended: shown },
  ];
  const within = steps.filter(({ began, ended }) => began >= posted && ended <= shown + AFTER);
  const lines = [...own, ...within.toSorted((a, b) => a.began - b.began)].map(
    ({ process, what, began, ended }) =>
      `| ${(began - posted).toFixed(1)} | ${(ended - began).toFixed(1)} | ${process} | ${what} |`,
  );
  return ['| at ms | took ms | process | what |', '|---|---|---|---|', ...lines].join('\n');
}
