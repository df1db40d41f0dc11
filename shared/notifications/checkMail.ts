import { env } from '../base/env.ts';
import { type Check, Refused, within } from '../ops/checks.ts';
import { mailIsConfigured } from '../ops/mailSettings.ts';
import { MaildropError, tryMaildrop } from './maildrop.ts';
import { MailError, tryMailServer } from './transport.ts';

const LIMIT_MS = 3_000;
/** Only operators wait for it. */
const BOUNCES_LIMIT_MS = 8_000;
/** Ms for which a result holds: a mail server counts connections. */
const HOLDS_MS = 30_000;
let last: { at: number; result: Check } | undefined;

/** Says whether the mail server takes mail; `off` where there is none. Files count as healthy. */
export async function checkMail(): Promise<Check | 'off'> {
  if (!mailIsConfigured()) return 'off';
  if (env.SMTP_URL === '') return 'healthy';
  if (last !== undefined && performance.now() - last.at < HOLDS_MS) return last.result;
  const result = await within(LIMIT_MS, () => tryMailServer().catch(refuse));
  last = { at: performance.now(), result };
  return result;
}

/** Says whether the mailbox of returned mails lets us in; `off` where MAIL_BOUNCES_URL names none. */
export async function checkBounces(): Promise<Check | 'off'> {
  if (env.MAIL_BOUNCES_URL === '') return 'off';
  return within(BOUNCES_LIMIT_MS, () => tryMaildrop(new URL(env.MAIL_BOUNCES_URL)).catch(passInUse));
}

/** Whoever finds the mailbox in use was let in: servers say so after the password alone. */
function passInUse(err: unknown): void {
  if (err instanceof MaildropError && err.code === 'in use') return;
  refuse(err);
}

function refuse(err: unknown): never {
  throw err instanceof MailError || err instanceof MaildropError ? new Refused(err.why) : err;
}
