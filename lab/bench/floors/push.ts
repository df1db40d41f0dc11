/**
 * Pushes on `width` streams at once for some seconds, each push after the answer to the last. `log`: through the fenced
 * run log. `emit`: by the bare emitter. {users, width, seconds} → {sent}.
 */
import { Redis } from 'ioredis';
import { Emitter } from '@socket.io/redis-emitter';
import type { RunEvent } from '../../../shared/delivery/runEvents.ts';
import { appendLog, openLog } from '../../../shared/delivery/runlog.ts';
import { redis, untilReady } from '../../../shared/delivery/redis.ts';

type Order = { users: number[]; width: number; seconds: number; round: number };
const DELTA = ' and so it goes on and on, word by word';
const bare = new Redis(process.env.REDIS_URL ?? '');
let published: Promise<unknown> = Promise.resolve();
const emitter = new Emitter({
  publish: (channel: string, payload: Buffer) => {
    published = bare.publish(channel, payload);
  },
});

process.on('disconnect', () => process.exit());
process.on('message', async ({ users, width, seconds, round }: Order) => {
  const end = performance.now() + seconds * 1_000;
  let sent = 0;
  await Promise.all(
    Array.from({ length: width }, async (_, stream) => {
      const user = users[stream % users.length] ?? 0;
      const push =
        process.argv[2] === 'log' ? await logged(user, round * 1_000 + stream) : emitted(user, stream);
      for (let seq = 2; performance.now() < end; seq += 1) {
        await push(seq);
        sent += 1;
      }
    }),
  );
  process.send?.({ sent });
});
await untilReady(redis);
process.send?.({ port: 0 });

async function logged(user: number, run_id: number): Promise<(seq: number) => Promise<unknown>> {
  const at = (seq: number) => ({ run_id, conversation_id: 1, attempt: 1, seq, message_id: 1 });
  const first: RunEvent = { event: 'run.status', data: { ...at(1), status: 'in_progress', reply_id: 2 } };
  await openLog(user, 1, [first]);
  return (seq) => appendLog(user, { event: 'response.delta', data: { ...at(seq), delta: DELTA } });
}

function emitted(user: number, run_id: number): (seq: number) => Promise<unknown> {
  return (seq) => {
    const data = { run_id, conversation_id: 1, attempt: 1, seq, message_id: 1, delta: DELTA };
    emitter.to(`user:${user}`).emit('response.delta', data);
    return published;
  };
}
