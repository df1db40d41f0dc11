import { ends } from './clients.ts';
import { type BenchUser, makeUsers, post, SEND } from './load.ts';
import { type Ground, WORKERS } from './stack.ts';

/** How many messages a round sends, and how many of them at the same time. */
export const MESSAGES = 300;
export const WIDTH = 100;

/** Starts the product with one of each worker; the function it returns answers so many messages and tells how many a second. */
export async function productRate(
  ground: Ground,
  workers = WORKERS,
  users = 50,
): Promise<(count: number) => Promise<number>> {
  const web = await ground.startType('web');
  await Promise.all(workers.map((type) => ground.startType(type)));
  const senders = await makeUsers(ground, users);
  const ended = await ends(senders, web.port, 'run_id');
  const send = async (i: number) => {
    const user = senders[i % senders.length] as BenchUser;
    const content = `q${i} ${Math.random()} tokens:32`;
    const sent = await post<{ run_id: number }>(web.port, SEND, { content }, user.token);
    await ended(sent.run_id);
  };
  await rate(50, send);
  return (count) => rate(count, send);
}

/** `count` calls, WIDTH at a time; how many a second. */
export async function rate(count: number, call: (i: number) => Promise<void>): Promise<number> {
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: WIDTH }, async () => {
      while (next < count) await call(next++);
    }),
  );
  return (count * 1_000) / (performance.now() - began);
}
