import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Service } from '../../scripts/services/database.ts';
import { freePort } from '../../scripts/services/ports.ts';
import { startRedis } from '../../scripts/services/redis.ts';

/** A Redis that keeps nothing, and what can happen to one. */
export type FragileRedis = {
  url: string;
  flush: () => Promise<void>;
  /** SIGKILL, and at once an empty one in its place. */
  restart: () => Promise<void>;
  /** SIGSTOP, and SIGCONT after some seconds. */
  freeze: (seconds: number) => Promise<void>;
  /** Jobs that are not done, by queue and state. */
  jobs: () => Promise<Record<string, number>>;
  stop: () => Promise<void>;
};

const UNDONE = ['wait', 'active', 'prioritized', 'delayed', 'waiting-children', 'paused'];
const COUNT = `local n = redis.call('TYPE', KEYS[1]).ok
if n == 'list' then return redis.call('LLEN', KEYS[1]) elseif n == 'zset' then return redis.call('ZCARD', KEYS[1]) end
return 0`;

export async function startFragileRedis(): Promise<FragileRedis> {
  // Below the ports that the system gives to clients: one that calls in vain must not take its own port.
  const port = await freePort(10_000 + Math.floor(Math.random() * 10_000));
  let service: Service = await startRedis(undefined, port);
  const { url } = service;
  const ask = async <T>(what: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(url, { retryStrategy: () => null, connectTimeout: 2_000 });
    redis.on('error', () => {});
    try {
      return await what(redis);
    } finally {
      redis.disconnect();
    }
  };
  const serverPid = () =>
    ask(async (redis) => Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]));
  let pid = await serverPid();
  return {
    url,
    flush: () => ask(async (redis) => void (await redis.flushall())),
    async restart() {
      const ended = new Promise<void>((tell) => service.onExit(tell));
      process.kill(pid, 'SIGKILL');
      await ended;
      await service.stop();
      do service = await startRedis(undefined, port);
      while (service.url !== url && (await service.stop().then(() => sleep(50, true))));
      pid = await serverPid();
    },
    freeze: (seconds) => pause(pid, seconds),
    jobs: () => ask(countJobs),
    stop: () => service.stop(),
  };
}

/** SIGSTOP to a process or, negative, to a group, and SIGCONT later, even when this process is gone by then. */
export async function pause(pid: number, seconds: number): Promise<void> {
  const both = 'kill -STOP -- $1; sleep $2; kill -CONT -- $1';
  const child = spawn('sh', ['-c', both, 'sh', String(pid), String(seconds)], {
    detached: true,
    stdio: 'ignore',
  });
  await new Promise((done) => child.once('exit', done));
}

async function countJobs(redis: Redis): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const keys = await redis.keys('bull:*');
  for (const key of keys) {
    const [, queue, state = ''] = key.split(':');
    if (key.split(':').length !== 3 || !UNDONE.includes(state)) continue;
    const count = Number(await redis.eval(COUNT, 1, key));
    if (count > 0) found[`${queue} ${state}`] = count;
  }
  return found;
}
