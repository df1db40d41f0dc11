import { randomUUID } from 'node:crypto';
import { dropSubscription, subscriptionsOf } from '../../db/models/pushSubscription.ts';
import { problem } from '../base/errors.ts';
import { env } from '../base/env.ts';
import { mailIsConfigured } from '../ops/mailSettings.ts';
import { OutboundError } from '../ops/outbound.ts';
import { MailError, sendLetter } from './transport.ts';
import { sendPush } from './webPush.ts';

/**
 * Sends a test mail at once, past the queue.
 * @throws Problem `not_configured`; `service_unavailable` with the mail server's code
 */
export async function mailTest(userId: number, to: string, language: string): Promise<void> {
  if (!mailIsConfigured()) throw problem('not_configured', 'SMTP_URL is not set');
  const text = 'This is a test of the mail settings. Nothing needs to be done.';
  try {
    await sendLetter({
      userId,
      to,
      subject: 'Parley: test mail',
      text,
      html: `<!doctype html><html lang="en"><body><p>${text}</p></body></html>`,
      key: `test-${randomUUID()}`,
      language,
      unsubscribe: undefined,
    });
  } catch (err) {
    if (!(err instanceof MailError)) throw err;
    throw problem('service_unavailable', `The mail server did not take the mail: ${err.why}`, {
      retryAfterS: 30,
    });
  }
}

/**
 * Pushes a test to the devices of a user. Removes devices that their service does not know any more.
 * @returns how many devices there are, and how many of them their service took the push for
 * @throws Problem `not_configured`
 */
export async function pushTest(userId: number): Promise<{ devices: number; taken: number }> {
  if (env.VAPID_PRIVATE_KEY === '') throw problem('not_configured', 'VAPID_PRIVATE_KEY is not set');
  const devices = await subscriptionsOf(userId);
  const payload = {
    id: 0,
    kind: 'test',
    title: 'Parley',
    body: 'A test push.',
    url: '',
    conversation_id: null,
  };
  const taken = await Promise.all(
    devices.map(async (device) => {
      try {
        const { status } = await sendPush(device, { payload, ttlS: 60, urgency: 'high', topic: 'test' });
        if (status === 404 || status === 410) await dropSubscription(device.id);
        return status < 300;
      } catch (err) {
        if (!(err instanceof OutboundError)) throw err;
        return false;
      }
    }),
  );
  return { devices: devices.length, taken: taken.filter(Boolean).length };
}
