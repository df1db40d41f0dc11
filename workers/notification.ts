import { setTimeout as sleep } from 'node:timers/promises';
import { TOGETHER } from '../shared/delivery/jobs.ts';
import { answersWait } from '../shared/delivery/queues.ts';
import { deliverNotifications } from '../shared/notifications/deliver.ts';
import type { Handler } from './work.ts';

/** While answers wait: how many notifications a job delivers, and for how many ms its slot then rests. */
const [FEW, PAUSE] = [10, 400];

/** Delivers notifications that are due. While answers wait for a worker, a job delivers few: both use PostgreSQL. */
export const notification: Handler<'notification'> = async ({ data: { notification_id } }) => {
  const busy = await answersWait();
  const told = await deliverNotifications(notification_id, (busy ? FEW : TOGETHER) - 1);
  if (busy && told === FEW) await sleep(PAUSE);
};
