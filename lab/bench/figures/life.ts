import { COUNT, countOf, storesCpu } from '../costs.ts';
import { listen } from '../clients.ts';
import { ceiling, hangUp, latencies, percentile, post } from '../load.ts';
import { addFaqs, MESSAGES, newQuestion, rate, WARM_UP } from '../messages.ts';
import { plainMessages } from '../plain.ts';
import { startFlow } from './throughput.ts';
import type { Measured } from '../report.ts';
import { type Child, type Ground, WORKERS } from '../../kit/ground.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';

/** Seconds, and messages a second, of a round's unloaded loops; seconds of its loaded ones, and their share of what saturates ours. */
const [UNLOADED, RATE] = [10, 10];
const [LOADED, SHARE] = [5, 0.7];
const QUEUES = ['completion', 'moderation', 'context'];

/** One side: its processes, a message until its end, and a message until its first token, which resolves to that time. */
type Side = {
  children: Child[];
  send: (i: number) => Promise<void>;
  first: (i: number) => Promise<number>;
};

const [BARE, FRONT] = ['the same statements, jobs and calls', 'the same with HTTP and sockets'];
const WITHOUT = 'the same without durability';

/**
 * Measures a message beside its own calls: the same statements by bare pg, the same jobs and calls of the provider, and
 * nothing else; and beside these calls with a front: posted through the packages of which HTTP consists, with the calls that
 * accept makes, and pushed to clients by a bare Socket.IO. It says what CPU and time of a message no other code around these
 * calls could save. Also measures these calls beside the floors of durability and throughput, which says what ratio to them no
 * other code could exceed.
 */
export async function life(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  await addFaqs(ground);
  const users = await makeUsers(ground, 50);
  const sides = [
    await startFloor(ground, users),
    await startFront(ground, users),
    await startOurs(ground, users),
  ];
  const plain = await plainMessages(ground, users);
  const calling = await startFlow(ground, 'calls');
  for (const send of [...sides.map((side) => side.send), plain]) await rate(WARM_UP, send);
  await calling(WARM_UP);
  return async () => {
    // A caller must not use a connection that `web` closes.
    hangUp();
    const busyOnes = await inTurn(sides, (side) => busy(ground, side));
    const unloaded = await inTurn(sides, ({ first }) => latencies(RATE, UNLOADED, first));
    await warm(plain);
    const without = await rate(MESSAGES, plain);
    await calling(MESSAGES / 2);
    const both = await calling(MESSAGES);
    const saturation = await ceiling(32, 4, (sides[2] as Side).first);
    const loadedRate = Math.max(1, Math.round(SHARE * saturation));
    const loaded = await inTurn(sides, ({ first }) => latencies(loadedRate, LOADED, first));
    const [bare, front, ours] = busyOnes as [Busy, Busy, Busy];
    const busyLine = { aim: '–', loop: 'closed, 100 wide' };
    const rates = { ...busyLine, unit: '/s' };
    const beside = [BARE, FRONT].flatMap((floor, i) => {
      const of = busyOnes[i] as Busy;
      const line = { ...busyLine, floor };
      const times = (figure: string, loop: string, all: number[][], p: number) => ({
        floor,
        figure,
        loop,
        unit: 'ms',
        aim: '–',
        ours: percentile(all[2] ?? [], p),
        floors: percentile(all[i] ?? [], p),
      });
      const about = i === 0 ? 'to all its calls' : 'to all its calls with a front';
      return [
        { ...line, figure: `CPU a message, ${about}`, unit: 'ms', ours: ours.cpu, floors: of.cpu },
        { ...line, figure: `CPU a message, Node, ${about}`, unit: 'ms', ours: ours.node, floors: of.node },
        { ...line, figure: `messages a second, ${about}`, unit: '/s', ours: ours.rate, floors: of.rate },
        times(`first token p50, unloaded, ${about}`, `open, ${RATE}/s`, unloaded, 50),
        times(`first token p99, unloaded, ${about}`, `open, ${RATE}/s`, unloaded, 99),
        times(`first token p99, 70 % load, ${about}`, 'open', loaded, 99),
      ];
    });
    return [
      ...beside,
      { ...rates, figure: 'price of durability', floor: WITHOUT, ours: ours.rate, floors: without },
      // In the place of ours: these calls, and nothing else.
      ...[bare, front].map((of, i) => ({
        ...rates,
        figure: `${i === 0 ? 'the same calls' : 'the same calls with a front'}, to the program without durability`,
        floor: WITHOUT,
        ours: of.rate,
        floors: without,
      })),
      {
        ...rates,
        figure: 'the same calls, to both',
        floor: 'bare flow whose jobs make the calls of the provider',
        ours: bare.rate,
        floors: both,
      },
    ];
  };
}

/** Measures one side after the other. */
async function inTurn<T>(sides: Side[], measure: (side: Side) => Promise<T>): Promise<T[]> {
  const measured: T[] = [];
  for (const side of sides) measured.push(await measure(side));
  return measured;
}

/** Sends messages that do not count. Connections that were idle meanwhile were closed: new ones plan their statements first. */
async function warm(send: Side['send']): Promise<void> {
  await rate(MESSAGES / 2, send);
}

type Busy = { rate: number; cpu: number; node: number };

/** Sends a round of messages. Returns their rate, and CPU ms of a message: all of it, and Node's part. */
async function busy(ground: Ground, { children, send }: Side): Promise<Busy> {
  const used = async () => {
    const counts = await Promise.all(children.map(countOf));
    const node = counts.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    const { PostgreSQL, Redis } = await storesCpu(ground);
    return { node, all: node + PostgreSQL + Redis };
  };
  await warm(send);
  const before = await used();
  const perSecond = await rate(MESSAGES, send);
  const after = await used();
  return {
    rate: perSecond,
    cpu: (after.all - before.all) / MESSAGES,
    node: (after.node - before.node) / MESSAGES,
  };
}

async function startOurs(ground: Ground, users: LabUser[]): Promise<Side> {
  const web = await ground.startType('web', COUNT);
  // Without housekeeping, which would deliver the floor's runs.
  const types = WORKERS.filter((type) => type !== 'housekeeping');
  const workers = await Promise.all(types.map((type) => ground.startType(type, COUNT)));
  const body = (content: string) => ({ content });
  return { children: [web, ...workers], ...(await clients(users, web.port, web.port, body)) };
}

/** Starts the calls with their front: accept's floor of all its packages, and the socket server of bare pushes. */
async function startFront(ground: Ground, users: LabUser[]): Promise<Side> {
  const file = 'lab/bench/floors/life.ts';
  const [web, sockets, ...workers] = (await Promise.all([
    ground.start('lab/bench/floors/accept.ts', ['front'], COUNT),
    ground.start('lab/bench/floors/sockets.ts', [], COUNT),
    ...QUEUES.map((queue) => ground.start(file, ['worker', 'front', queue], COUNT)),
  ])) as [Child, Child, ...Child[]];
  const body = (content: string, { id, sid }: LabUser) => ({ content, user_id: id, sid });
  return {
    children: [web, sockets, ...workers],
    ...(await clients(users, web.port, sockets.port, body)),
  };
}

/** Connects every user. Returns how a message is posted and awaited. */
async function clients(
  users: LabUser[],
  port: number,
  sockets: number,
  bodyOf: (content: string, user: LabUser) => object,
): Promise<Pick<Side, 'send' | 'first'>> {
  const { ended, first } = await listen(users, sockets, 'run_id');
  const sent = async (i: number) => {
    const user = users[i % users.length] as LabUser;
    return (await post<{ run_id: number }>(port, SEND, bodyOf(newQuestion(i), user), user.token)).run_id;
  };
  return { send: async (i) => ended(await sent(i)), first: async (i) => first(await sent(i)) };
}

async function startFloor(ground: Ground, users: LabUser[]): Promise<Side> {
  const file = 'lab/bench/floors/life.ts';
  const workers = await Promise.all(
    QUEUES.map((queue) => ground.start(file, ['worker', 'life', queue], COUNT)),
  );
  const producer = await ground.start(file, ['producer'], COUNT);
  /** Who waits for the runs of each user; a user's messages are alike, so any of them may take the next run. */
  const accepted = new Map<number, ((runId: number) => void)[]>();
  const over = new Map<number, PromiseWithResolvers<number>>();
  const endOf = (runId: number) => {
    const known = over.get(runId) ?? Promise.withResolvers<number>();
    over.set(runId, known);
    return known;
  };
  producer.process.on('message', (answer: { user_id?: number; run_id: number }) => {
    if (answer.user_id !== undefined) accepted.get(answer.user_id)?.shift()?.(answer.run_id);
  });
  workers[0]?.process.on('message', (answer: { ended?: number; first: number }) => {
    if (answer.ended !== undefined) endOf(answer.ended).resolve(answer.first - performance.timeOrigin);
  });
  const first = async (i: number) => {
    const { id, sid } = users[i % users.length] as LabUser;
    const runId = await new Promise<number>((resolve) => {
      accepted.set(id, [...(accepted.get(id) ?? []), resolve]);
      producer.process.send({ user_id: id, session_id: sid, content: newQuestion(i) });
    });
    return endOf(runId).promise;
  };
  return { children: [...workers, producer], first, send: async (i) => void (await first(i)) };
}
