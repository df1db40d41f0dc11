import { randomUUID } from 'node:crypto';
import { makeMail } from '../../db/models/mail.ts';
import {
  type Claimed,
  claimNotification,
  countUnread,
  dropNotification,
  scheduleNotification,
  showNotification,
} from '../../db/models/notification.ts';
import { env } from '../base/env.ts';
import { log } from '../base/log.ts';
import { enqueue } from '../delivery/enqueue.ts';
import { isThere } from '../delivery/presence.ts';
import { push } from '../delivery/push.ts';
import { killPoint } from '../ops/killpoint.ts';
import { mailIsConfigured, pushIsConfigured } from '../ops/mailSettings.ts';
import { choiceOf, FOR_THE_ABSENT, MAILED_LATER, ONLY_MAILED, quietFor, REFUSABLE } from './choices.ts';
import { presented } from './present.ts';
import { pushToDevices } from './push.ts';

/** Ms after which another worker may take over a notification. Each further try has twice as long. */
const LEASE = 30_000;
/** Ms until a mail that its address may not have yet is tried again. */
const TOO_MANY = 600_000;

/** In how many ms a channel is due; null: not any more. */
type Due = number | null;

/**
 * Does what is due of an owed notification: shows it, pushes it, puts it into a mail. Does nothing where nothing is due. A
 * worker that dies in between leaves it due again after the lease.
 */
export async function deliverNotification(id: number): Promise<void> {
  const owed = await claimNotification(id, LEASE);
  if (owed === undefined) return;
  killPoint('notification.claimed', id);
  const begins = owed.push_in_ms === null && owed.mail_in_ms === null;
  if (await isVoid(owed, begins)) return dropNotification(id);
  // Nothing else is left of an erased account; where no mail goes out, its address has no use.
  if (owed.kind === 'account_erased' && !mailIsConfigured()) return dropNotification(id);
  if (begins) await show(owed);
  const plan = begins ? planOf(owed) : { pushMs: owed.push_in_ms, mailMs: owed.mail_in_ms };
  const pushMs = isDue(plan.pushMs) ? await pushNow(owed) : plan.pushMs;
  const mailMs = isDue(plan.mailMs) ? await mailNow(owed) : plan.mailMs;
  killPoint('notification.scheduling', id);
  await scheduleNotification(id, pushMs, mailMs);
}

function isDue(ms: Due): boolean {
  return ms !== null && ms <= 0;
}

/** Says whether nobody needs a notification: its user is gone, its conversation deleted, or somebody there has seen it. */
async function isVoid(owed: Claimed, begins: boolean): Promise<boolean> {
  if (!reaches(owed) || owed.deleted) return true;
  if (owed.kind === 'knowledge_answered' && owed.faq_question === null) return true;
  if (!begins || owed.user_id === null) return false;
  return owed.seen || (FOR_THE_ABSENT.includes(owed.kind) && isThere(owed.user_id));
}

/** An erased account has no row any more; its last mail names the address. */
function reaches({ kind, active, user_id, data }: Claimed): boolean {
  return kind === 'account_erased' && user_id === null ? data.address !== undefined : active;
}

async function show(owed: Claimed): Promise<void> {
  const { id, user_id, kind } = owed;
  if (user_id === null || ONLY_MAILED.includes(kind)) return;
  await showNotification(id);
  const told = { ...presented(owed), unread: await countUnread(user_id) };
  // Whoever is away finds it in the list.
  await push(user_id, 'notification', told).catch((err: unknown) => log.debug({ err }, 'not pushed'));
}

function planOf(owed: Claimed): { pushMs: Due; mailMs: Due } {
  const wants = choiceOf(owed.kinds, owed.kind);
  const later = MAILED_LATER.includes(owed.kind) ? env.NOTIFY_MAIL_AFTER_S * 1_000 : 0;
  return {
    pushMs: wants.push && pushIsConfigured() ? 0 : null,
    mailMs: wants.email && mailIsConfigured() && addressOf(owed) !== null ? later : null,
  };
}

function addressOf({ data, email }: Claimed): string | null {
  return data.address ?? email;
}

/** Pushes to the devices that do not have it yet. Returns when to try again. */
async function pushNow(owed: Claimed): Promise<Due> {
  const { kind, kinds, user_id, seen } = owed;
  if (seen || user_id === null || !choiceOf(kinds, kind).push) return null;
  if (FOR_THE_ABSENT.includes(kind) && (await isThere(user_id))) return null;
  const quiet = quietFor(owed.quiet_hours, owed.timezone);
  if (quiet > 0) return quiet;
  return pushToDevices(owed);
}

/** Makes the mail. Returns when to try again: after quiet hours, or when the address may have more. */
async function mailNow(owed: Claimed): Promise<Due> {
  const { id, kind, kinds, user_id } = owed;
  const address = addressOf(owed);
  if (address === null || !choiceOf(kinds, kind).email) return null;
  if (REFUSABLE.includes(kind)) {
    if (owed.seen || owed.email_refused) return null;
    const quiet = quietFor(owed.quiet_hours, owed.timezone);
    if (quiet > 0) return quiet;
  }
  // Whoever came back has the list in the app.
  if (FOR_THE_ABSENT.includes(kind) && user_id !== null && (await isThere(user_id))) return null;
  const language = owed.data.language ?? owed.language ?? 'en';
  const limits = { alongWith: REFUSABLE, perHour: env.MAILS_PER_HOUR };
  const mail_id = await makeMail(id, { address, language, key: randomUUID(), ...limits });
  if (mail_id === undefined) return TOO_MANY;
  await enqueue('mail', { mail_id }).catch((err: unknown) =>
    log.warn({ err }, 'the mail is not enqueued; the reconciler does it'),
  );
  return null;
}
