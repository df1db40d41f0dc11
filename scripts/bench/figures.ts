import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { type BenchUser, ceiling, latencies, makeUsers, percentile, post } from './load.ts';
import type { Child, Ground } from './stack.ts';

/** One round of a figure: ours and its floor, measured one after the other. Some rounds yield several lines. */
export type Measured = {
  figure: string;
  unit: string;
  loop: string;
  floor: string;
  aim: string;
  ours: number;
  floors: number;
};
export type Figure = {
  name: string;
  prepare: (ground: Ground) => Promise<(round: number) => Promise<Measured[]>>;
};

const SEND = '/api/v1/chat/send';
const WORKERS = ['moderation', 'context', 'completion', 'housekeeping'];
const MESSAGES = 300;
const WIDTH = 100;

export const figures: Figure[] = [
  { name: 'accept', prepare: accept },
  { name: 'overhead', prepare: overhead },
  { name: 'throughput', prepare: throughput },
  { name: 'durability', prepare: durability },
  { name: 'deltas', prepare: deltas },
  { name: 'sockets', prepare: sockets },
  { name: 'context', prepare: context },
];

/** POST to 202 after the commit. No workers run: what piles up is emptied between rounds. */
async function accept(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const [web, floor] = await Promise.all([
    ground.startType('web'),
    ground.start('scripts/bench/floors/accept.ts'),
  ]);
  const users = await makeUsers(ground, 200);
  const send =
    ({ port }: Child) =>
    (i: number) => {
      const user = users[i % users.length] as BenchUser;
      const body = port === floor.port ? { content: `m${i}`, user_id: user.id } : { content: `m${i}` };
      return post<void>(port, SEND, body, user.token).then(() => undefined);
    };
  await Promise.all([ceiling(8, 2, send(web)), ceiling(8, 2, send(floor))]);
  return async () => {
    await emptyMessages(ground);
    const floors = await ceiling(16, 3, send(floor));
    await emptyMessages(ground);
    const ours = await ceiling(16, 3, send(web));
    await emptyMessages(ground);
    const times = await latencies(Math.round(ours / 2), 4, send(web));
    const line = { unit: 'ms', loop: 'open, half of saturation', floor: '–', floors: Number.NaN };
    return [
      {
        figure: 'accept: 202s a second',
        unit: '/s',
        loop: 'closed, 16 wide',
        floor: 'bare Koa, same SQL',
        aim: '≥ 0.7',
        ours,
        floors,
      },
      { ...line, figure: 'accept p50', aim: '≤ 3 ms', ours: percentile(times, 50) },
      { ...line, figure: 'accept p99', aim: '≤ 10 ms', ours: percentile(times, 99) },
    ];
  };
}

/** POST to the first delta at a socket on another replica, less the provider's own first token. */
async function overhead(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const [web, other] = await Promise.all([ground.startType('web'), ground.startType('web')]);
  await Promise.all(WORKERS.map((type) => ground.startType(type)));
  const sdk = await ground.start('scripts/bench/floors/sdk.ts');
  const users = await makeUsers(ground, 50);
  const firsts = await firstDeltas(other.port, users);
  const send = async (i: number) => {
    const user = users[i % users.length] as BenchUser;
    const { run_id } = await post<{ run_id: number }>(
      web.port,
      SEND,
      { content: `q${i} ${Math.random()} tokens:32` },
      user.token,
    );
    return firsts(run_id);
  };
  await Promise.all(Array.from({ length: 40 }, (_, i) => send(i)));
  return async () => {
    sdk.process.send({ count: 20, content: 'tokens:32', width: 1 });
    const [{ firstToken }] = (await once(sdk.process, 'message')) as [{ firstToken: number }];
    const unloaded = await latencies(5, 6, send);
    const saturation = await ceiling(32, 4, send);
    await sleep(500);
    const loaded = await latencies(Math.max(1, Math.round(saturation * 0.7)), 5, send);
    const line = { unit: 'ms', floor: '–', floors: Number.NaN };
    const less = (times: number[], p: number) => percentile(times, p) - firstToken;
    return [
      {
        ...line,
        figure: 'engine overhead p50, unloaded',
        loop: 'open, 5/s',
        aim: '≤ 8 ms',
        ours: less(unloaded, 50),
      },
      {
        ...line,
        figure: 'engine overhead p99, unloaded',
        loop: 'open, 5/s',
        aim: '≤ 25 ms',
        ours: less(unloaded, 99),
      },
      {
        ...line,
        figure: 'engine overhead p99, 70 % load',
        loop: 'open',
        aim: '≤ 50 ms',
        ours: less(loaded, 99),
      },
    ];
  };
}

/** Messages a second from POST to the end of the run, 32 tokens each, one of each worker. */
async function throughput(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const messages = await productRate(ground);
  const floorWorkers = await Promise.all(
    ['moderation', 'context', 'completion'].map((queue) =>
      ground.start('scripts/bench/floors/flow.ts', ['worker', queue]),
    ),
  );
  const producer = await ground.start('scripts/bench/floors/flow.ts', ['producer']);
  const sdk = await ground.start('scripts/bench/floors/sdk.ts');
  return async () => {
    const flowRate = await bareFlows(floorWorkers[2] as Child, producer, MESSAGES * 3);
    sdk.process.send({ count: MESSAGES, content: 'tokens:32', width: WIDTH });
    const [{ ms }] = (await once(sdk.process, 'message')) as [{ ms: number }];
    const ours = await messages(MESSAGES);
    const line = { unit: '/s', loop: 'closed, 100 wide', ours };
    return [
      {
        ...line,
        figure: 'messages a second, to bare flows',
        floor: 'bare BullMQ flow',
        aim: '≥ 0.5',
        floors: flowRate,
      },
      {
        ...line,
        figure: 'messages a second, to bare calls',
        floor: 'openai SDK alone',
        aim: '≥ 0.4',
        floors: (MESSAGES * 1_000) / ms,
      },
    ];
  };
}

/** The same work without run rows, fence, log and reconciler. */
async function durability(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const messages = await productRate(ground);
  const file = 'scripts/bench/floors/plain.ts';
  const [web] = await Promise.all([
    ground.start(file, ['web']),
    ...['moderation', 'context', 'completion'].map((queue) => ground.start(file, [queue])),
  ]);
  const bare = await ground.start('scripts/bench/floors/sockets.ts');
  const users = await makeUsers(ground, 50);
  const ended = await ends(users, bare.port, 'message_id');
  const plain = async (i: number) => {
    const user = users[i % users.length] as BenchUser;
    const sent = await post<{ message_id: number }>(
      (web as Child).port,
      '/',
      { content: `q${i} tokens:32`, user_id: user.id },
      '',
    );
    await ended(sent.message_id);
  };
  await Promise.all(Array.from({ length: 20 }, (_, i) => plain(i)));
  return async () => {
    const floors = await rate(MESSAGES, plain);
    const ours = await messages(MESSAGES);
    return [
      {
        figure: 'price of durability',
        unit: '/s',
        loop: 'closed, 100 wide',
        floor: 'the same without it',
        aim: '≥ 0.6',
        ours,
        floors,
      },
    ];
  };
}

/** Deltas from a worker through Redis and web to a client. */
async function deltas(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const [web, bare] = await Promise.all([
    ground.startType('web'),
    ground.start('scripts/bench/floors/sockets.ts'),
  ]);
  const [log, emit] = await Promise.all(
    ['log', 'emit'].map((how) => ground.start('scripts/bench/floors/push.ts', [how])),
  );
  const users = await makeUsers(ground, 20);
  const clients = await Promise.all(users.map((user) => connect(web.port, { token: user.token })));
  const bareClients = await Promise.all(users.map((user) => connect(bare.port, { room: `user:${user.id}` })));
  const measure = async (child: Child, sockets: Socket[], round: number) => {
    let received = 0;
    const count = () => (received += 1);
    for (const socket of sockets) socket.on('response.delta', count);
    child.process.send({ users: users.map(({ id }) => id), width: 20, seconds: 3, round });
    await once(child.process, 'message');
    for (const socket of sockets) socket.off('response.delta', count);
    return received / 3;
  };
  return async (round) => {
    // Each push reaches both webs: the floor's sockets get the log's as well, and the other way round.
    const floors = await measure(emit as Child, bareClients, round);
    const ours = await measure(log as Child, clients, round);
    return [
      {
        figure: 'delta events a second',
        unit: '/s',
        loop: 'closed, 20 wide',
        floor: 'bare room emit',
        aim: '≥ 0.7',
        ours,
        floors,
      },
    ];
  };
}

/** Memory of a signed-in socket that does nothing. */
async function sockets(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const users = await makeUsers(ground, 1_000);
  const each = async (server: Child, auth: (user: BenchUser) => object) => {
    await sleep(1_000);
    const before = server.rss();
    const open: Socket[] = [];
    for (let i = 0; i < users.length; i += 50) {
      open.push(
        ...(await Promise.all(users.slice(i, i + 50).map((user) => connect(server.port, auth(user))))),
      );
    }
    await sleep(2_000);
    const grown = (server.rss() - before) / users.length / 1_024;
    for (const socket of open) socket.disconnect();
    await server.stop();
    return grown;
  };
  return async () => {
    const floors = await each(await ground.start('scripts/bench/floors/sockets.ts'), ({ id }) => ({
      room: `user:${id}`,
    }));
    const ours = await each(await ground.startType('web'), ({ token }) => ({ token }));
    return [
      {
        figure: 'memory of an idle socket',
        unit: 'KiB',
        loop: '1,000 sockets',
        floor: 'bare Socket.IO',
        aim: '≤ 1.3',
        ours,
        floors,
      },
    ];
  };
}

async function context(ground: Ground): Promise<(round: number) => Promise<Measured[]>> {
  const child = await ground.start('scripts/bench/floors/tokens.ts');
  return async () => {
    child.process.send({ times: 2_000 });
    const [{ ours, floor: floors }] = (await once(child.process, 'message')) as [
      { ours: number; floor: number },
    ];
    return [
      {
        figure: 'context building',
        unit: 'ms',
        loop: '2,000 times',
        floor: "tiktoken's encode of the question",
        aim: '≤ 1.2',
        ours,
        floors,
      },
    ];
  };
}

/** Starts the product with one of each worker; the function it returns answers so many messages and tells how many a second. */
export async function productRate(
  ground: Ground,
  workers = WORKERS,
  users = 50,
): Promise<(count: number) => Promise<number>> {
  const web = await ground.startType('web');
  await Promise.all(workers.map((type) => ground.startType(type)));
  const senders = await makeUsers(ground, users);
  const ended = await ends(senders, web.port, 'run_id');
  const send = async (i: number) => {
    const user = senders[i % senders.length] as BenchUser;
    const content = `q${i} ${Math.random()} tokens:32`;
    const sent = await post<{ run_id: number }>(web.port, SEND, { content }, user.token);
    await ended(sent.run_id);
  };
  await rate(50, send);
  return (count) => rate(count, send);
}

/** `count` calls, WIDTH at a time; how many a second. */
async function rate(count: number, call: (i: number) => Promise<void>): Promise<number> {
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: WIDTH }, async () => {
      while (next < count) await call(next++);
    }),
  );
  return (count * 1_000) / (performance.now() - began);
}

async function bareFlows(last: Child, producer: Child, count: number): Promise<number> {
  last.process.send({ wanted: count });
  const began = performance.now();
  producer.process.send({ count });
  await once(last.process, 'message');
  return (count * 1_000) / (performance.now() - began);
}

async function connect(port: number, auth: object): Promise<Socket> {
  const socket = io(`http://127.0.0.1:${port}`, { auth, transports: ['websocket'], forceNew: true });
  await new Promise<void>((connected, refused) => {
    socket.once('connect', connected);
    socket.once('connect_error', refused);
  });
  return socket;
}

/** Connects every user; the function it returns resolves when the thing of that id has had its `response`. */
async function ends(
  users: BenchUser[],
  port: number,
  id: 'run_id' | 'message_id',
): Promise<(wanted: number) => Promise<void>> {
  const happened = new Map<number, PromiseWithResolvers<void>>();
  const of = (key: number) => {
    const known = happened.get(key) ?? Promise.withResolvers<void>();
    happened.set(key, known);
    return known;
  };
  for (const user of users) {
    const socket = await connect(port, { token: user.token, room: `user:${user.id}` });
    socket.on('response', (data: Record<string, number>) => of(data[id] ?? 0).resolve());
  }
  return (wanted) => of(wanted).promise;
}

/** The function it returns resolves with the moment at which a run's first delta arrived. */
async function firstDeltas(port: number, users: BenchUser[]): Promise<(runId: number) => Promise<number>> {
  const happened = new Map<number, PromiseWithResolvers<number>>();
  const of = (runId: number) => {
    const known = happened.get(runId) ?? Promise.withResolvers<number>();
    happened.set(runId, known);
    return known;
  };
  for (const user of users) {
    const socket = await connect(port, { token: user.token });
    socket.on('response.delta', ({ run_id }: { run_id: number }) => of(run_id).resolve(performance.now()));
  }
  return (runId) => of(runId).promise;
}

async function emptyMessages(ground: Ground): Promise<void> {
  await ground.query('TRUNCATE runs, messages, conversations CASCADE');
}
