import { env } from '../../shared/base/env.ts';
import { log } from '../../shared/base/log.ts';
import { onStop } from '../../shared/base/stop.ts';

const EVERY_MS = 60_000;

/**
 * Reads reports of returned mails once a minute, where MAIL_BOUNCES_URL names their mailbox. Has a timer of its own, because a
 * mailbox may hang. Several processes may do so: a server lets one at a time in.
 */
export function startReadingBounces(): void {
  if (env.MAIL_BOUNCES_URL === '') return;
  let timer: NodeJS.Timeout | undefined;
  let pass: Promise<unknown> = Promise.resolve();
  const next = () => {
    pass = import('../../shared/notifications/bounces.ts')
      .then(({ readBounces }) => readBounces())
      .catch((err: unknown) => log.warn({ err }, 'Mailbox of returned mails not read; tried again'))
      .finally(() => {
        timer = setTimeout(next, EVERY_MS);
      });
  };
  next();
  onStop('bounces', async () => {
    await pass;
    clearTimeout(timer);
  });
}
