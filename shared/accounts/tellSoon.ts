import { enqueue } from '../delivery/enqueue.ts';
import { log } from '../base/log.ts';

/** Enqueues an owed notification whose transaction has committed, in the background: the reconciler finds it otherwise. */
export function tellSoon(notification_id: number): void {
  enqueue('notification', { notification_id }).catch((err: unknown) =>
    log.debug({ err }, 'the notification is not enqueued; the reconciler does it'),
  );
}
