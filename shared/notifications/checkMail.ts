import { env } from '../base/env.ts';
import { type Check, Refused, within } from '../ops/checks.ts';
import { mailIsConfigured } from '../ops/mailSettings.ts';
import { MailError, tryMailServer } from './transport.ts';

const LIMIT_MS = 3_000;
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

function refuse(err: unknown): never {
  throw err instanceof MailError ? new Refused(err.why) : err;
}
