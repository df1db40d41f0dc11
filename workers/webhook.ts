import type { Job } from 'bullmq';
import { stopping } from '../shared/base/stop.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { deliverNext } from '../shared/webhooks/deliver.ts';

/** Requests at once to one endpoint. */
const LANES = 5;
/** Ms after which a job begins no more requests. What is left is owed, and other endpoints get the slot. */
const ROUND = 20_000;

/** Sends what is due to an endpoint. A slow endpoint delays only its own events. */
export async function webhook(job: Job<Payloads['webhook']>): Promise<void> {
  const until = performance.now() + ROUND;
  const lane = async () => {
    while (!stopping() && performance.now() < until && (await deliverNext(job.data.webhook_id)));
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}
