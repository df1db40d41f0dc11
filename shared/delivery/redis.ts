import { Redis, type RedisOptions } from 'ioredis';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { onStop } from '../base/stop.ts';

/** How often each connection is checked, and after how many checks in a row without a byte it is closed. */
const [LOOK_MS, SILENT_LOOKS] = [2_000, 4];
const SILENT = `Redis has sent nothing for ${(LOOK_MS * SILENT_LOOKS) / 1_000} s; the connection is closed`;

/**
 * The connection for short commands that a client waits for. A command fails at once while Redis is away, and within two
 * seconds when it hangs. Callers must work without Redis: Postgres decides, Redis delivers.
 */
export const redis = connect('commands', {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 2_000,
});

/**
 * Opens a new connection, which closes when the process stops.
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
    if (err.message !== errors.get(client)?.message)
      log.warn({ err, connection: name }, 'Redis connection failed; dialled again');
    errors.set(client, err);
  });
  client.on('ready', () => {
    errors.delete(client);
  });
  onStop(`redis ${name}`, () => client.disconnect());
  return client;
}

const errors = new WeakMap<Redis, Error>();

/** Returns why a connection takes no commands; undefined if it takes them or has not been tried. */
export function lastError(client: Redis): Error | undefined {
  return errors.get(client);
}

/** Resolves when a connection takes commands. Waits while Redis is away. */
export async function untilReady(client: Redis): Promise<void> {
  if (client.status === 'ready') return;
  // `once` of node:events would reject at an 'error', and each failed try emits one.
  await new Promise<void>((ready) => client.once('ready', ready));
}

/**
 * Destroys the stream of a connection whose host vanished without a reset; ioredis then connects anew. Sends PING on an
 * idle connection. Counts checks and not time: a process that was paused checks once and then reads what came.
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
 * Sends commands of one turn of the event loop in one write. Each keeps its own time limit and waits for no other.
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
