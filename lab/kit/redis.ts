import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/services/ports.ts';
import { startRedis } from '../../scripts/services/redis.ts';

/** A private Redis, which tests may kill. Ends with this process. */
export type OwnRedis = {
  url: string;
  port: number;
  client: Redis;
  /** Returns the present process's pid. */
  pid: () => number;
  /** Sends SIGKILL, SIGSTOP or SIGCONT. After SIGKILL, resolves when the process has ended. */
  signal: (name: NodeJS.Signals) => Promise<void>;
  /** Starts an empty Redis on the same port. */
  restart: () => Promise<void>;
  stop: () => Promise<void>;
};

const TRIES = 20;

/** @param settings further arguments of redis-server */
export async function startOwnRedis({
  port: wanted = 0,
  settings = [],
}: {
  port?: number;
  settings?: string[];
} = {}): Promise<OwnRedis> {
  const port = wanted || (await freePort());
  let service = await startRedis(undefined, port, settings);
  const { url } = service;
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 200 });
  client.on('error', () => {});
  // The service's pid belongs to its leash, not to Redis.
  const pidNow = async () => Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
  let pid = await pidNow();
  return {
    url,
    port: Number(URL.parse(url)?.port),
    client,
    pid: () => pid,
    async signal(name) {
      const ended = new Promise<void>((tell) => service.onExit(tell));
      process.kill(pid, name);
      if (name === 'SIGKILL') await ended;
    },
    async restart() {
      await service.stop();
      for (let tries = 0; tries < TRIES; tries += 1) {
        service = await startRedis(undefined, port, settings);
        if (service.url === url) {
          pid = await pidNow();
          return;
        }
        await service.stop();
        await sleep(50);
      }
      throw new Error(`the port ${port} was taken`);
    },
    async stop() {
      client.disconnect();
      await service.stop();
    },
  };
}
