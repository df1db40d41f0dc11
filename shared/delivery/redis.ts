import { Redis, type RedisOptions } from 'ioredis';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

/**
 * For short commands that somebody waits for: fails at once while Redis is away, and within two seconds when
 * it hangs. Whoever uses it can do without: Postgres decides, Redis delivers.
 */
export const redis = connect('commands', {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 2_000,
});

/**
 * A connection of its own, closed when the process stops.
 * @param name shown in CLIENT LIST and in the log
 */
export function connect(name: string, options: RedisOptions): Redis {
  const client = new Redis(env.REDIS_URL, {
    connectionName: `parley-${name}`,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(times * 50, 1_000),
    ...options,
  });
  writeTogether(client);
  client.on('error', (err: Error) => {
    if (err.message !== errors.get(client)?.message) log.warn({ err, connection: name }, 'redis');
    errors.set(client, err);
  });
  client.on('ready', () => {
    errors.delete(client);
  });
  onStop(`redis ${name}`, () => client.disconnect());
  return client;
}

const errors = new WeakMap<Redis, Error>();

/** Why a connection does not take commands; undefined where it does, or was not tried yet. */
export function lastError(client: Redis): Error | undefined {
  return errors.get(client);
}

/** Resolves when a connection takes commands; waits as long as Redis is away. */
export async function untilReady(client: Redis): Promise<void> {
  if (client.status === 'ready') return;
  // Not `once` of node:events, which rejects at an 'error': there is one for each try.
  await new Promise<void>((ready) => client.once('ready', ready));
}

/**
 * Commands of one turn of the event loop leave in one write. Each stays a command of its own, with its own time limit; it
 * waits for no other.
 */
function writeTogether(client: Redis): void {
  const send = client.sendCommand.bind(client);
  let held = false;
  client.sendCommand = (...command) => {
    const { stream } = client;
    if (!held && stream) {
      held = true;
      stream.cork();
      setImmediate(() => {
        held = false;
        stream.uncork();
      });
    }
    return send(...command);
  };
}
