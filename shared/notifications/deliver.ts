import { randomUUID } from 'node:crypto';
import { makeMail } from '../../db/models/mail.ts';
import {
  type Claimed,
  claimNotifications,
  claimPush,
  countUnreadOf,
  type Left,
  scheduleNotifications,
  schedulePush,
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
/** Ms until the next try where an address has had all mails that it may have in an hour. */
const TOO_MANY = 600_000;
/** Notifications that are looked at side by side. */
const AT_ONCE = 10;

/** Ms until a channel is due; null: nothing is left to send there. */
type Due = number | null;
/** `left` null: nobody needs the notification. */
type Decided = { owed: Claimed; left: Left | null };

/**
 * Delivers a due notification, and up to `more` others: shows them, makes their mails, owes their pushes. Does nothing where
 * nothing is due. What a dying worker leaves is due again after the lease.
 * @returns how many were due
 * @throws what went wrong with one of them, once the others are scheduled
 */
export async function deliverNotifications(id: number, more: number): Promise<number> {
  const claimed = await claimNotifications(id, more, LEASE);
  if (claimed.length === 0) return 0;
  killPoint('notification.claimed', id);
  const [decided, failed]: [Decided[], unknown[]] = [[], []];
  for (let i = 0; i < claimed.length; i += AT_ONCE)
    for (const one of await Promise.allSettled(claimed.slice(i, i + AT_ONCE).map(decide)))
      if (one.status === 'fulfilled') decided.push(one.value);
      else failed.push(one.reason);
  killPoint('notification.scheduling', id);
  await scheduleNotifications(
    decided.flatMap(({ left }) => left ?? []),
    decided.flatMap(({ owed, left }) => (left === null ? owed.id : [])),
  );
  await tell(decided);
  if (failed.length > 0) throw failed[0];
  return claimed.length;
}

/** Makes the mail of a claimed notification where it is due. Returns what is left; null: nobody needs it. */
async function decide(owed: Claimed): Promise<Decided> {
  const { begins } = owed;
  if (await isVoid(owed, begins)) return { owed, left: null };
  // Nothing else is left of an erased account; where no mail goes out, its address has no use.
  if (owed.kind === 'account_erased' && !mailIsConfigured()) return { owed, left: null };
  const due = begins ? mailDue(owed) : owed.mail_in_ms;
  const mailMs = due !== null && due <= 0 ? await mailNow(owed) : due;
  // Takes over what the release before this one left to push.
  const push = begins ? isPushed(owed) : owed.push_in_ms !== null;
  return { owed, left: { id: owed.id, shown: begins && isListed(owed), push, mailMs } };
}

/** Tells the open apps what their lists show now, and has pushes made. */
async function tell(decided: Decided[]): Promise<void> {
  const shown = decided.filter(({ left }) => left?.shown === true);
  const users = shown.flatMap(({ owed }) => owed.user_id ?? []);
  const unread = users.length === 0 ? new Map() : await countUnreadOf([...new Set(users)]);
  for (const { owed } of shown) {
    const told = { ...presented(owed), unread: unread.get(owed.user_id) ?? 0 };
    // Whoever is away finds it in the list.
    await push(owed.user_id ?? 0, 'notification', told).catch((err: unknown) =>
      log.debug({ err }, 'Notification not pushed to open pages; its list has it'),
    );
  }
  const pushed = new Set(
    decided.flatMap(({ owed, left }) => (left?.push === true ? (owed.user_id ?? []) : [])),
  );
  for (const user_id of pushed)
    await enqueue('push', { user_id }).catch((err: unknown) =>
      log.warn({ err }, 'Push not enqueued; the reconciler will retry'),
    );
}

/**
 * Makes the push of a user that is due for longest.
 * @returns false when none was due
 */
export async function deliverPush(userId: number): Promise<boolean> {
  const owed = await claimPush(userId, LEASE);
  if (owed === undefined) return false;
  killPoint('push.claimed', owed.id);
  await schedulePush(owed.id, (await isVoid(owed, false)) ? null : await pushNow(owed));
  return true;
}

/** Says whether nobody needs a notification: its user is gone, its conversation deleted, or somebody there has seen it. */
async function isVoid(owed: Claimed, begins: boolean): Promise<boolean> {
  if (!reaches(owed) || owed.deleted) return true;
  if (owed.kind === 'knowledge_answered' && owed.faq_question === null) return true;
  if (!begins || owed.user_id === null) return false;
  return owed.seen || (FOR_THE_ABSENT.includes(owed.kind) && isThere(owed.user_id));
}

/** Says whether a notification still reaches somebody. An erased account has no row; its last mail names the address. */
function reaches({ kind, active, user_id, data }: Claimed): boolean {
  return kind === 'account_erased' && user_id === null ? data.address !== undefined : active;
}

function isListed({ user_id, kind }: Claimed): boolean {
  return user_id !== null && !ONLY_MAILED.includes(kind);
}

function isPushed({ devices, kinds, kind }: Claimed): boolean {
  return devices && pushIsConfigured() && choiceOf(kinds, kind).push;
}

function mailDue(owed: Claimed): Due {
  const wants = choiceOf(owed.kinds, owed.kind).email && mailIsConfigured() && addressOf(owed) !== null;
  if (!wants) return null;
  return MAILED_LATER.includes(owed.kind) ? env.NOTIFY_MAIL_AFTER_S * 1_000 : 0;
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
    log.warn({ err }, 'Mail not enqueued; the reconciler will retry'),
  );
  return null;
}
