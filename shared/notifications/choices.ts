import type { Choice, Choices, Kind, QuietHours } from '../../db/models/notification.ts';

/** Acts on the account that somebody else may have done. */
export const SECURITY: readonly Kind[] = [
  'new_sign_in',
  'password_changed',
  'second_factor_off',
  'recovery_code_used',
];
/** Kinds that are always mailed, whatever the user chose: they concern the account itself. */
const ALWAYS_MAILED: readonly Kind[] = [
  'password_reset',
  'email_verification',
  'account_erased',
  ...SECURITY,
];
/** Kinds that are a link in a mail and nothing else: the app does not list them, and no device gets them. */
export const ONLY_MAILED: readonly Kind[] = ['password_reset', 'email_verification', 'account_erased'];
/** Kinds that are told only to users without a connected device. */
export const FOR_THE_ABSENT: readonly Kind[] = ['answer_ready', 'agent_replied'];
/** Kinds that are mailed only where nobody has looked for a while. */
export const MAILED_LATER: readonly Kind[] = [...FOR_THE_ABSENT, 'handoff_waiting'];
/** Kinds that share a mail and wait for the end of quiet hours. */
export const REFUSABLE: readonly Kind[] = [
  'answer_ready',
  'agent_replied',
  'handoff_waiting',
  'knowledge_answered',
  'export_ready',
  'budget_warning',
  'user_budget_warning',
  'webhook_disabled',
];

/** Returns what a user wants of a kind. Nothing said means both channels. */
export function choiceOf(kinds: Choices, kind: Kind): Choice {
  const { email = true, push = true } = kinds[kind] ?? {};
  return {
    email: ALWAYS_MAILED.includes(kind) || email,
    push: !ONLY_MAILED.includes(kind) && push,
  };
}

const DAY = 1_440;

/** Returns how many ms quiet hours last from `now` on; 0 outside them. An unknown timezone is UTC. */
export function quietFor(quiet: QuietHours | null, timezone: string | null, now = new Date()): number {
  if (quiet === null) return 0;
  const [from, to, minute] = [minutes(quiet.from), minutes(quiet.to), minuteIn(timezone ?? 'UTC', now)];
  const since = (minute - from + DAY) % DAY;
  const length = (to - from + DAY) % DAY;
  return since < length ? (length - since) * 60_000 - (now.getTime() % 60_000) : 0;
}

function minutes(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

function minuteIn(timezone: string, now: Date): number {
  const format = (timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  try {
    return minutes(format(timezone).format(now));
  } catch {
    return minutes(format('UTC').format(now));
  }
}
