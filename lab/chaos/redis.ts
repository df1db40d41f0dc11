import { spawn } from 'node:child_process';
import { freePort } from '../../scripts/services/ports.ts';
import { undoneJobs } from '../kit/invariants.ts';
import { startOwnRedis } from '../kit/redis.ts';

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

export async function startFragileRedis(): Promise<FragileRedis> {
  // Below the ports that the system gives to clients: one that calls in vain must not take its own port.
  const redis = await startOwnRedis({ port: await freePort(10_000 + Math.floor(Math.random() * 10_000)) });
  return {
    url: redis.url,
    flush: async () => void (await redis.client.flushall()),
    async restart() {
      await redis.signal('SIGKILL');
      await redis.restart();
    },
    freeze: (seconds) => pause(redis.pid(), seconds),
    jobs: () => undoneJobs(redis.client),
    stop: redis.stop,
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
