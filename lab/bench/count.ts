/**
 * Preloaded into the processes that a message passes through. Counts their work and answers 'count' on IPC with a Count.
 * Changes nothing else.
 */
import net from 'node:net';
import { Redis } from 'ioredis';
import pg from 'pg';

/** A process's work since its start. */
export type Count = {
  /** Statements sent to PostgreSQL. */
  statements: number;
  /** Commands sent to Redis, and the writes that carried them: one write is one round trip. */
  commands: number;
  roundTrips: number;
  /** Bytes both ways, by peer. */
  postgresBytes: number;
  redisBytes: number;
  otherBytes: number;
  cpuMs: number;
};

const stores = {
  postgres: Number(new URL(process.env.DATABASE_URL ?? 'http://x:0').port),
  redis: Number(new URL(process.env.REDIS_URL ?? 'http://x:0').port),
};
let [statements, commands, roundTrips] = [0, 0, 0];
const sockets = new Map<net.Socket, number>();

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
  statements += 1;
  return Reflect.apply(query, this, args);
} as typeof query;

const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function counted(this: Redis, ...args: Parameters<typeof sendCommand>) {
  commands += 1;
  return Reflect.apply(sendCommand, this, args);
};

// One call of a stream's method is one write, with one chunk or several.
for (const way of ['_write', '_writev'] as const) {
  const handOn = net.Socket.prototype[way];
  net.Socket.prototype[way] = function counted(this: net.Socket, ...args: unknown[]) {
    sockets.set(this, this.remotePort ?? sockets.get(this) ?? 0);
    if (this.remotePort === stores.redis) roundTrips += 1;
    return Reflect.apply(handOn as () => void, this, args);
  };
}

function count(): Count {
  const bytes = (is: (port: number) => boolean) =>
    [...sockets].reduce(
      (sum, [socket, port]) => sum + (is(port) ? socket.bytesRead + socket.bytesWritten : 0),
      0,
    );
  const { user, system } = process.cpuUsage();
  return {
    statements,
    commands,
    roundTrips,
    postgresBytes: bytes((port) => port === stores.postgres),
    redisBytes: bytes((port) => port === stores.redis),
    otherBytes: bytes((port) => port !== stores.postgres && port !== stores.redis && port !== 0),
    cpuMs: (user + system) / 1_000,
  };
}

process.on('message', (message) => {
  if (message === 'count') process.send?.(count());
});
process.channel?.unref();
