/**
 * `node lab/adapters.ts [REPLICAS] [PUSHES]`: compares Socket.IO's adapter as Parley uses it (every replica gets every push)
 * with the sharded one (a push goes to replicas that have its room). Prints the CPU that a push costs all replicas and Redis.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { Emitter } from '@socket.io/redis-emitter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { startRedis } from '../scripts/services/redis.ts';

const KINDS = ['today', 'sharded'] as const;
type Kind = (typeof KINDS)[number];
const USERS = 200;
const WARM = 2_000;

if (process.env.ADAPTER_KIND) await replica(process.env.ADAPTER_KIND as Kind, process.env.REDIS_URL ?? '');
else await main(Number(process.argv[2] ?? 4), Number(process.argv[3] ?? 20_000));
if (!process.env.ADAPTER_KIND) process.exit(0);

async function main(replicas: number, pushes: number): Promise<void> {
  console.log(`${pushes} pushes to ${USERS} users, each with a socket at one of ${replicas} replicas`);
  console.log(
    '| adapter | CPU of all replicas, µs a push | of Redis | packets at replicas, a push |\n|---|---|---|---|',
  );
  for (const kind of KINDS) {
    const service = await startRedis();
    const children = Array.from({ length: replicas }, () =>
      fork(import.meta.filename, { env: { ...process.env, ADAPTER_KIND: kind, REDIS_URL: service.url } }),
    );
    const ports = await Promise.all(
      children.map(async (child) => ((await once(child, 'message'))[0] as { port: number }).port),
    );
    let received = 0;
    const sockets = await Promise.all(
      Array.from({ length: USERS }, async (_, user) => {
        const socket = io(`http://127.0.0.1:${ports[user % replicas]}`, {
          transports: ['websocket'],
          auth: { user },
          forceNew: true,
        });
        socket.on('delta', () => (received += 1));
        await new Promise<void>((joined) => socket.once('joined', () => joined()));
        return socket;
      }),
    );
    // Subscriptions of rooms take a round trip to Redis.
    await sleep(1_000);
    const redis = new Redis(service.url);
    const emit = emitterOf(kind, redis);
    const send = async (count: number) => {
      const from = received;
      for (let i = 0; i < count; i += 1) {
        emit(i % USERS, { seq: i, text: 'some words of an answer' });
        if (i % 50 === 49) await sleep(1);
      }
      for (const until = Date.now() + 30_000; received < from + count && Date.now() < until; )
        await sleep(20);
      if (received !== from + count) throw new Error(`${kind}: ${received - from} of ${count} pushes came`);
    };
    await send(WARM);
    const before = await costs(children, redis);
    await send(pushes);
    const after = await costs(children, redis);
    const each = (of: 'replicas' | 'redis' | 'packets', digits: number) =>
      ((after[of] - before[of]) / pushes).toFixed(digits);
    console.log(`| ${kind} | ${each('replicas', 0)} | ${each('redis', 0)} | ${each('packets', 1)} |`);
    for (const socket of sockets) socket.disconnect();
    for (const child of children) child.kill('SIGKILL');
    redis.disconnect();
    await service.stop();
  }
}

/** Today: the emitter's packet. Sharded: a server without sockets, because the emitter does not speak its protocol. */
function emitterOf(kind: Kind, redis: Redis): (user: number, data: unknown) => void {
  if (kind === 'today') {
    const emitter = new Emitter(redis);
    return (user, data) => void emitter.to(`user:${user}`).emit('delta', data);
  }
  const server = new Server({ adapter: createShardedAdapter(redis, redis.duplicate()) });
  return (user, data) => void server.to(`user:${user}`).emit('delta', data);
}

type Child = ReturnType<typeof fork>;

async function costs(
  children: Child[],
  redis: Redis,
): Promise<{ replicas: number; redis: number; packets: number }> {
  const said = await Promise.all(
    children.map(async (child) => {
      child.send('costs');
      return (await once(child, 'message'))[0] as { us: number; packets: number };
    }),
  );
  const info = await redis.info('cpu');
  const seconds = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return {
    replicas: said.reduce((sum, { us }) => sum + us, 0),
    redis: (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1_000_000,
    packets: said.reduce((sum, { packets }) => sum + packets, 0),
  };
}

/** A replica of `web`, as far as sockets go. */
async function replica(kind: Kind, url: string): Promise<void> {
  const [pub, sub] = [new Redis(url), new Redis(url)];
  let packets = 0;
  for (const event of ['pmessageBuffer', 'smessageBuffer']) sub.on(event, () => (packets += 1));
  const http = createServer();
  const server = new Server(http, {
    adapter: kind === 'today' ? createAdapter(pub, sub) : createShardedAdapter(pub, sub),
    serveClient: false,
  });
  server.on('connection', async (socket) => {
    await socket.join(`user:${socket.handshake.auth.user}`);
    socket.emit('joined');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ us: user + system, packets });
  });
  process.send?.({ port: (http.address() as AddressInfo).port });
}
