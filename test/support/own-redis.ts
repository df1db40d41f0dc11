import { Redis } from 'ioredis';
import { freePort } from '../../scripts/services/ports.ts';
import { startRedis } from '../../scripts/services/redis.ts';

/** A Redis for one test, which may break it. It ends with this process. */
export type OwnRedis = {
  url: string;
  port: number;
  client: Redis;
  signal: (name: NodeJS.Signals) => Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart: () => Promise<void>;
  stop: () => Promise<void>;
};

export async function startOwnRedis(...settings: string[]): Promise<OwnRedis> {
  const port = await freePort();
  let service = await startRedis(undefined, port, settings);
  const url = service.url;
  const client = new Redis(url, { maxRetriesPerRequest: null });
  client.on('error', () => {});
  // The service's pid is that of its leash.
  const pidNow = async () => Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
  let pid = await pidNow();
  return {
    url,
    port: Number(URL.parse(url)?.port),
    client,
    async signal(name) {
      process.kill(pid, name);
    },
    async restart() {
      service = await startRedis(undefined, port, settings);
      if (service.url !== url) throw new Error(`the port ${port} was taken`);
      pid = await pidNow();
    },
    async stop() {
      client.disconnect();
      await service.stop();
    },
  };
}
