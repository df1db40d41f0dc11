import { debts } from '../db/models/owed.ts';
import { queues, untilCanEnqueue } from '../shared/delivery/queues.ts';
import { requireEnv } from '../shared/base/env.ts';
import { embeddingModel } from '../shared/provider/config.ts';
import { redis, untilReady } from '../shared/delivery/redis.ts';
import { stop } from '../shared/base/stop.ts';
import { reconcile } from '../workers/housekeeping.ts';

const USAGE = `usage: npm run queues -- status|rebuild

status   counts the jobs of each queue, and what Postgres still owes
rebuild  delivers at once everything that Postgres owes and no queue has; safe at any time, and
         enough after Redis was emptied (housekeeping does the same by itself)`;

const commands: Record<string, () => Promise<void>> = { status, rebuild };

const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  const asked = ['--help', '-h'].includes(process.argv[2] ?? '');
  (asked ? process.stdout : process.stderr).write(`${USAGE}\n`);
  process.exit(asked ? 0 : 2);
}
requireEnv('DATABASE_URL', 'REDIS_URL');
try {
  await Promise.all([untilReady(redis), untilCanEnqueue()]);
  await command();
} catch (err) {
  process.stderr.write(`queues: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exitCode = 1;
}
await stop();

async function status(): Promise<void> {
  const counts = await Promise.all(
    Object.values(queues).map(async (queue) => ({ queue: queue.name, ...(await queue.getJobCounts()) })),
  );
  console.table(counts);
  console.table([await debts(embeddingModel() !== null)]);
}

async function rebuild(): Promise<void> {
  const found = await reconcile(0);
  console.log(
    `delivered ${found.delivered} runs, announced ${found.announced}, enqueued ${found.embeddings} FAQs`,
  );
}
