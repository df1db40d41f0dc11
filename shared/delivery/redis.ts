import { Redis, type RedisOptions } from 'ioredis';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

/** How often a connection is looked at, and after how many looks in a row without a byte it is given up. */
const [LOOK_MS, SILENT_LOOKS] = [2_000, 4];
const SILENT = `Redis has not said a word for ${(LOOK_MS * SILENT_LOOKS) / 1_000} s; the connection is given up`;

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
  giveUpWhenSilent(client);
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
 * Destroys the stream of a connection whose host vanished without a reset; ioredis then connects anew. An idle connection
 * is asked by a PING. Looks are counted rather than time: a process that was paused looks once and then reads what came.
 */
function giveUpWhenSilent(client: Redis): void {
  let [stream, read, silent] = [client.stream, 0, 0];
  const timer = setInterval(() => {
    const heard = client.stream !== stream || client.stream?.bytesRead !== read;
    [stream, read] = [client.stream, client.stream?.bytesRead ?? 0];
    silent = heard || !['connect', 'ready'].includes(client.status) ? 0 : silent + 1;
    if (silent === 1 && client.status === 'ready') client.ping().catch(() => {});
    if (silent === SILENT_LOOKS) stream.destroy(new Error(SILENT));
  }, LOOK_MS).unref();
  client.once('end', () => clearInterval(timer));
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
