import { enqueueSoon } from '../delivery/enqueue.ts';

/** Enqueues an owed notification whose transaction has committed, in the background. */
export function tellSoon(notification_id: number): void {
  enqueueSoon('notification', { notification_id });
}
