import { die, env, inProduction } from '../base/env.ts';
import { problem } from '../base/errors.ts';

/** Says whether mails go anywhere: to a mail server, or to files. */
export function mailIsConfigured(): boolean {
  return env.SMTP_URL !== '' || env.MAIL_DIR !== '';
}

/** Does nothing where mails go somewhere. @throws Problem `not_configured` */
export function refuseWithoutMail(): void {
  if (!mailIsConfigured()) throw problem('not_configured', 'SMTP_URL is not set');
}

/** Returns the sender of mails. */
export function mailFrom(): string {
  return env.MAIL_FROM || 'Parley <parley@localhost>';
}

/** Returns the domain of the sender, which is also that of a Message-ID. */
export function mailDomain(): string {
  return mailFrom().split('@').at(-1)?.replace('>', '').trim() || 'localhost';
}

/** Returns where users find this installation, without a slash at the end. */
export function publicUrl(): string {
  return env.PUBLIC_URL || `http://localhost:${env.PORT}`;
}

/** Says whether web push has its keys. */
export function pushIsConfigured(): boolean {
  return env.VAPID_PUBLIC_KEY !== '' && env.VAPID_PRIVATE_KEY !== '';
}

/** Ends the process with one line where the settings of mail and push are incomplete. `web` and workers call it at start. */
export function requireNotifications(): void {
  const dkim = [env.MAIL_DKIM_DOMAIN, env.MAIL_DKIM_SELECTOR, env.MAIL_DKIM_KEY];
  if (dkim.some((value) => value === '') && dkim.some((value) => value !== ''))
    die('MAIL_DKIM_DOMAIN, MAIL_DKIM_SELECTOR and MAIL_DKIM_KEY must be set together');
  if ((env.VAPID_PUBLIC_KEY === '') !== (env.VAPID_PRIVATE_KEY === ''))
    die('VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY must be set together');
  if (!inProduction || env.SMTP_URL === '') return;
  if (env.MAIL_FROM === '') die('MAIL_FROM is not set: mails need a sender');
  if (env.PUBLIC_URL === '') die('PUBLIC_URL is not set: mails need it for their links');
}
