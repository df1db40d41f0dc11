import { deliverNotification } from '../shared/notifications/deliver.ts';
import type { Handler } from './work.ts';

/** Tells a user what is owed to them, by the channels that are due. */
export const notification: Handler<'notification'> = async ({ data: { notification_id } }) => {
  await deliverNotification(notification_id);
};
