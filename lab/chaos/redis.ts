import { spawn } from 'node:child_process';
import { freePort } from '../../scripts/services/ports.ts';
import { undoneJobs } from '../kit/invariants.ts';
import { startOwnRedis } from '../kit/redis.ts';

/** A Redis without persistence, and faults for it. */
export type FragileRedis = {
  url: string;
  flush: () => Promise<void>;
  /** Sends SIGKILL and starts an empty Redis at once. */
  restart: () => Promise<void>;
  /** Sends SIGSTOP, and SIGCONT after `seconds`. */
  freeze: (seconds: number) => Promise<void>;
  /** Returns the numbers of unfinished jobs, by queue and state. */
  jobs: () => Promise<Record<string, number>>;
  stop: () => Promise<void>;
};

export async function startFragileRedis(): Promise<FragileRedis> {
  // Below the ports that the system gives to clients: a client that reconnects must not take this port.
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

/** Sends SIGSTOP to a process, or a group if negative. Sends SIGCONT later, even if this process has ended by then. */
export async function pause(pid: number, seconds: number): Promise<void> {
  const both = 'kill -STOP -- $1; sleep $2; kill -CONT -- $1';
  const child = spawn('sh', ['-c', both, 'sh', String(pid), String(seconds)], {
    detached: true,
    stdio: 'ignore',
  });
  await new Promise((done) => child.once('exit', done));
}
