/**
 * Floor of throughput: a bare BullMQ flow of the same jobs. `worker NAME QUEUE` works one queue of a flow and reports its
 * count. With the name `calls`, each job makes its stage's provider call by the openai SDK. `producer NAME` adds the
 * requested number of flows and reports the time.
 */
import { FlowProducer, Worker } from 'bullmq';
import OpenAI from 'openai';
import { connect } from '../../../shared/delivery/redis.ts';
import { flowOf } from './flowOf.ts';

const [role = '', flow = '', queue = ''] = process.argv.slice(2);
/** Like the product's connection: commands of one turn of the event loop share one write. */
const connection = connect('floor', { maxRetriesPerRequest: null });
process.on('disconnect', () => process.exit());

const openai = new OpenAI({ maxRetries: 0 });
const model = 'bench';
const content = 'tokens:32';
const calls: Record<string, () => Promise<unknown>> = {
  moderation: () => openai.moderations.create({ model, input: content }),
  context: () => openai.embeddings.create({ model, input: [content], encoding_format: 'float' }),
  completion: async () => {
    const messages = [{ role: 'user' as const, content }];
    for await (const _ of await openai.chat.completions.create({ model, messages, stream: true }));
  },
};

if (role === 'worker') {
  let done = 0;
  let wanted = Number.POSITIVE_INFINITY;
  const tell = () => done >= wanted && process.send?.({ done });
  process.on('message', (message: { wanted: number }) => {
    [done, wanted] = [0, message.wanted];
  });
  const work = async () => {
    if (flow === 'calls') await calls[queue]?.();
  };
  const worker = new Worker(`${flow}-${queue}`, work, { connection, concurrency: 100 });
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
          await flows.add(flowOf(flow, { id: next++ }));
        }
      }),
    );
  });
}
process.send?.({ port: 0 });
