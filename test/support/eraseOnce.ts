/**
 * Goes on with every erasure that is owed, as the worker does. `node test/support/eraseOnce.ts N HOW` dies at the N-th
 * statement or command: `before` it is sent, when it is `sent`, or when it is `answered`. Prints how many there were.
 */
import { Redis } from 'ioredis';
import pg from 'pg';

const [at = 0, how = 'before'] = [Number(process.argv[2] ?? 0), process.argv[3]];
let [counting, count] = [false, 0];
const die = () => process.kill(process.pid, 'SIGKILL');

/** Counts a statement. Returns what to do when its answer is there. */
function counted(): () => void {
  if (!counting) return () => {};
  count += 1;
  if (count !== at) return () => {};
  if (how === 'before') die();
  if (how === 'sent') setTimeout(die, 1);
  return how === 'answered' ? die : () => {};
}

type Query = (...args: unknown[]) => unknown;
const prototype = pg.Client.prototype as unknown as { query: Query };
const query = prototype.query;
prototype.query = function (this: unknown, ...args: unknown[]) {
  const answered = counted();
  const last = args.at(-1);
  if (typeof last === 'function')
    args[args.length - 1] = (...results: unknown[]) => {
      answered();
      (last as Query)(...results);
    };
  return query.apply(this, args);
};
const send = Redis.prototype.sendCommand;
Redis.prototype.sendCommand = function (this: Redis, ...args: Parameters<typeof send>) {
  const answered = counted();
  const [command] = args;
  void (command.promise as Promise<unknown>).then(answered, () => {});
  return send.apply(this, args);
};

const { erasure } = await import('../../workers/erasure.ts');
const { queues } = await import('../../shared/delivery/queues.ts');
const { redis, untilReady } = await import('../../shared/delivery/redis.ts');
const { stop } = await import('../../shared/base/stop.ts');
await untilReady(redis);
await Promise.all(Object.values(queues).map((queue) => queue.waitUntilReady()));
counting = true;
await erasure();
counting = false;
console.log(JSON.stringify({ statements: count }));
await stop();
