import { COUNT, countOf, storesCpu } from '../costs.ts';
import { ends, firstDeltas } from '../clients.ts';
import { ceiling, latencies, percentile, post } from '../load.ts';
import { addFaqs, MESSAGES, newQuestion, rate, WARM_UP } from '../messages.ts';
import { plainMessages } from '../plain.ts';
import { startFlow } from './throughput.ts';
import type { Measured } from '../report.ts';
import { type Child, type Ground, WORKERS } from '../../kit/ground.ts';
import { type LabUser, makeUsers, SEND } from '../../kit/users.ts';

/** Seconds, and messages a second, of a round's unloaded loops; seconds of its loaded ones, and their share of what saturates ours. */
const [UNLOADED, RATE] = [10, 10];
const [LOADED, SHARE] = [5, 0.7];

/** One side: its processes, a message until its end, and a message until its first token, which resolves to that time. */
type Side = {
  children: Child[];
  send: (i: number) => Promise<void>;
  first: (i: number) => Promise<number>;
};

/**
 * Measures a message beside its own calls: the same statements by bare pg, the same jobs and calls of the provider, and
 * nothing else. It says what CPU and time of a message no other code around these calls could save. Also measures these calls
 * beside the floors of durability and throughput, which says what ratio to them no other code could exceed.
 */
export async function life(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  await addFaqs(ground);
  const users = await makeUsers(ground, 50);
  const sides = [await startFloor(ground, users), await startOurs(ground, users)] as const;
  const plain = await plainMessages(ground, users);
  const calling = await startFlow(ground, 'calls');
  for (const send of [...sides.map((side) => side.send), plain]) await rate(WARM_UP, send);
  await calling(WARM_UP);
  return async () => {
    const [floor, ours] = [await busy(ground, sides[0]), await busy(ground, sides[1])];
    const [floorFirsts, firsts] = [
      await latencies(RATE, UNLOADED, sides[0].first),
      await latencies(RATE, UNLOADED, sides[1].first),
    ];
    const without = await rate(MESSAGES, plain);
    const both = await calling(MESSAGES);
    const loadedRate = Math.max(1, Math.round(SHARE * (await ceiling(32, 4, sides[1].first))));
    const [floorLoaded, loaded] = [
      await latencies(loadedRate, LOADED, sides[0].first),
      await latencies(loadedRate, LOADED, sides[1].first),
    ];
    const line = { floor: 'the same statements, jobs and calls', aim: '–' };
    const busyLine = { ...line, loop: 'closed, 100 wide' };
    const quiet = { ...line, unit: 'ms', loop: `open, ${RATE}/s` };
    return [
      { ...busyLine, figure: 'CPU a message', unit: 'ms', ours: ours.cpu, floors: floor.cpu },
      { ...busyLine, figure: 'CPU a message, Node', unit: 'ms', ours: ours.node, floors: floor.node },
      {
        ...busyLine,
        figure: 'messages a second, to all its calls',
        unit: '/s',
        ours: ours.rate,
        floors: floor.rate,
      },
      // In the place of ours: these calls, and nothing else.
      {
        ...busyLine,
        figure: 'the same calls, to the program without durability',
        unit: '/s',
        floor: 'the same without durability',
        ours: floor.rate,
        floors: without,
      },
      {
        ...busyLine,
        figure: 'the same calls, to both',
        unit: '/s',
        floor: 'bare flow whose jobs make the calls of the provider',
        ours: floor.rate,
        floors: both,
      },
      ...[50, 99].map((p) => ({
        ...quiet,
        figure: `first token p${p}, unloaded`,
        ours: percentile(firsts, p),
        floors: percentile(floorFirsts, p),
      })),
      {
        ...quiet,
        loop: 'open',
        figure: 'first token p99, 70 % load',
        ours: percentile(loaded, 99),
        floors: percentile(floorLoaded, 99),
      },
    ];
  };
}

/** Sends a round of messages. Returns their rate, and CPU ms of a message: all of it, and Node's part. */
async function busy(
  ground: Ground,
  { children, send }: Side,
): Promise<{ rate: number; cpu: number; node: number }> {
  const used = async () => {
    const counts = await Promise.all(children.map(countOf));
    const node = counts.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    const { PostgreSQL, Redis } = await storesCpu(ground);
    return { node, all: node + PostgreSQL + Redis };
  };
  // Connections that were idle meanwhile were closed: new ones plan their statements first.
  await rate(MESSAGES / 2, send);
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
  const ended = await ends(users, web.port, 'run_id');
  const firsts = await firstDeltas(users, web.port, 'run_id');
  const sent = async (i: number) => {
    const { token } = users[i % users.length] as LabUser;
    return (await post<{ run_id: number }>(web.port, SEND, { content: newQuestion(i) }, token)).run_id;
  };
  return {
    children: [web, ...workers],
    send: async (i) => ended(await sent(i)),
    first: async (i) => firsts(await sent(i)),
  };
}

async function startFloor(ground: Ground, users: LabUser[]): Promise<Side> {
  const file = 'lab/bench/floors/life.ts';
  const workers = await Promise.all(
    ['completion', 'moderation', 'context'].map((queue) => ground.start(file, ['worker', queue], COUNT)),
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
