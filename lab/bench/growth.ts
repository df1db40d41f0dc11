import { setTimeout as sleep } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { MESSAGES, productRate } from './messages.ts';
import { ceiling, median, post } from './load.ts';
import { makeUsers } from '../kit/users.ts';
import { type Ground, startGround } from '../kit/ground.ts';

export type Curve = { title: string; points: [x: string, y: string][] };
const ROUNDS = 3;

/** Measures how figures grow. Each point is the median of three rounds after a warm-up, with minimum and maximum. */
export async function growth(): Promise<Curve[]> {
  return [
    await curve('messages/s by completion workers', [1, 2, 4], async (ground, workers) => {
      const types = [
        'moderation',
        'context',
        'housekeeping',
        ...Array.from({ length: workers }, () => 'completion'),
      ];
      const run = await productRate(ground, types);
      return () => run(MESSAGES);
    }),
    await curve('messages/s by conversations at once', [10, 100, 1_000], async (ground, width) => {
      const run = await productRate(ground, undefined, width, width);
      return () => run(Math.max(MESSAGES, width));
    }),
    await curve('202s/s by messages stored', [10_000, 100_000, 1_000_000], acceptAmong),
    await curve('KiB of web a socket, by idle sockets', [1_000, 5_000, 10_000], memoryOfSockets),
  ];
}

type Point = (ground: Ground, x: number) => Promise<() => Promise<number>>;

async function curve(title: string, xs: number[], prepare: Point): Promise<Curve> {
  const points: Curve['points'] = [];
  for (const x of xs) {
    process.stderr.write(`${title}: ${x}\n`);
    const ground = await startGround();
    try {
      const measure = await prepare(ground, x);
      const values: number[] = [];
      for (let i = 0; i < ROUNDS; i += 1) values.push(await measure());
      points.push([String(x), spread(values)]);
    } finally {
      await ground.stop();
    }
  }
  return { title, points };
}

function spread(values: number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`;
}

/** Posts into old conversations, among `stored` messages. */
async function acceptAmong(ground: Ground, stored: number): Promise<() => Promise<number>> {
  const web = await ground.startType('web');
  const users = await makeUsers(ground, 100);
  const ids = users.map(({ id }) => id);
  await ground.query(
    `INSERT INTO conversations (user_id) SELECT unnest($1::bigint[]) FROM generate_series(1, 10)`,
    [ids],
  );
  await ground.query(
    `INSERT INTO messages (conversation_id, user_id, content, message_type, status)
     SELECT c.id, c.user_id, 'an old message, stored long ago', 'user', 'sent'
     FROM conversations c, generate_series(1, $1::int / 1000)`,
    [stored],
  );
  await ground.query('ANALYZE');
  const send = (i: number) => {
    const user = users[i % users.length];
    return post(web.port, '/api/v1/chat/send', { content: `m${i}` }, user?.token ?? '');
  };
  await ceiling(8, 6, send);
  return () => ceiling(16, 3, send);
}

async function memoryOfSockets(ground: Ground, count: number): Promise<() => Promise<number>> {
  const users = await makeUsers(ground, 100);
  return async () => {
    const web = await ground.startType('web');
    await sleep(1_000);
    const before = web.rss();
    const sockets = [];
    for (let i = 0; i < count; i += 100) {
      const opening = users.map(({ token }) =>
        io(`http://127.0.0.1:${web.port}`, { auth: { token }, transports: ['websocket'], forceNew: true }),
      );
      await Promise.all(opening.map((socket) => new Promise<void>((done) => socket.once('connect', done))));
      sockets.push(...opening);
    }
    await sleep(2_000);
    const grown = (web.rss() - before) / count / 1_024;
    for (const socket of sockets) socket.disconnect();
    await web.stop();
    return grown;
  };
}
