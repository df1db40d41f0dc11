/**
 * Floor of throughput: a bare BullMQ flow of the same jobs. `worker QUEUE` works one queue and tells how many it
 * did; `producer` adds as many flows as it is told and says when.
 */
import { FlowProducer, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const [role = '', queue = ''] = process.argv.slice(2);
const connection = new Redis(process.env.REDIS_URL ?? '', { maxRetriesPerRequest: null });
process.on('disconnect', () => process.exit());

if (role === 'worker') {
  let done = 0;
  let wanted = Number.POSITIVE_INFINITY;
  const tell = () => done >= wanted && process.send?.({ done });
  process.on('message', (message: { wanted: number }) => {
    [done, wanted] = [0, message.wanted];
  });
  const worker = new Worker(`bench-${queue}`, async () => {}, { connection, concurrency: 100 });
  worker.on('completed', () => {
    done += 1;
    tell();
  });
  await worker.waitUntilReady();
} else {
  const flows = new FlowProducer({ connection });
  process.on('message', async ({ count }: { count: number }) => {
    let next = 0;
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        while (next < count) {
          const id = next++;
          const child = (name: string) => ({ name, queueName: `bench-${name}`, data: { id } });
          await flows.add({ ...child('completion'), children: [child('moderation'), child('context')] });
        }
      }),
    );
  });
}
process.send?.({ port: 0 });
