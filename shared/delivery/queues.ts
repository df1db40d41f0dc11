import { FlowProducer, Queue } from 'bullmq';
import { type JobName, jobs, type Payloads } from './jobs.ts';
import { log } from '../base/log.ts';
import { connect } from './redis.ts';
import { onStop } from '../base/stop.ts';

/** Producers fail fast: a job that cannot be enqueued now is owed, and the reconciler delivers it. */
export const producer = connect('producer', {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 5_000,
});

export const flows = new FlowProducer({
  connection: producer,
  skipWaitingForReady: true,
  skipVersionCheck: true,
});

/** One queue for each job of the catalog, under its name. */
export const queues = Object.fromEntries(
  (Object.keys(jobs) as JobName[]).map((name) => [
    name,
    new Queue(name, { connection: producer, skipWaitingForReady: true, skipVersionCheck: true }),
  ]),
) as { [Name in JobName]: Queue<Payloads[Name]> };

/** Whether a job can be added just now. */
export function canEnqueue(): boolean {
  return producer.status === 'ready';
}

// The connection reports its own troubles; BullMQ repeats them.
flows.on('error', (err) => log.debug({ err }, 'flows'));
onStop('flows', () => flows.close());
for (const queue of Object.values(queues)) {
  queue.on('error', (err) => log.debug({ err }, 'queue'));
  onStop(`queue ${queue.name}`, () => queue.close());
}
