import type { Job } from 'bullmq';
import { stopping } from '../shared/base/stop.ts';
import type { Payloads } from '../shared/delivery/jobs.ts';
import { deliverPush } from '../shared/notifications/deliver.ts';

/** Notifications of one user that are pushed side by side. */
const LANES = 3;
/** Ms after which a job begins no more pushes. What is left is owed, and other users get the slot. */
const ROUND = 20_000;

/** Pushes what is due to a user's devices. Devices that hang delay only their own user. */
export async function push(job: Job<Payloads['push']>): Promise<void> {
  const until = performance.now() + ROUND;
  const lane = async () => {
    while (!stopping() && performance.now() < until && (await deliverPush(job.data.user_id)));
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}
