import { sendMail } from '../shared/notifications/mail.ts';
import type { Handler } from './work.ts';

/** Sends a mail that is due. */
export const mail: Handler<'mail'> = async ({ data: { mail_id } }) => {
  await sendMail(mail_id);
};
