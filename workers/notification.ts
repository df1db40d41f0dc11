import { setTimeout as sleep } from 'node:timers/promises';
import { TOGETHER } from '../shared/delivery/jobs.ts';
import { answersWait } from '../shared/delivery/queues.ts';
import { deliverNotifications } from '../shared/notifications/deliver.ts';
import type { Handler } from './work.ts';

/** While answers wait: notifications of a job, and ms before its slot is free for the next one. */
const [FEW, PAUSE] = [10, 400];

/** Tells users what is owed to them. While answers wait for a worker, it takes few at a time: they share PostgreSQL. */
export const notification: Handler<'notification'> = async ({ data: { notification_id } }) => {
  const busy = await answersWait();
  const told = await deliverNotifications(notification_id, (busy ? FEW : TOGETHER) - 1);
  if (busy && told === FEW) await sleep(PAUSE);
};
