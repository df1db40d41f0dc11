import { createHash } from 'node:crypto';
import { ageOf, storedUnder } from '../../db/models/idempotency.ts';
import type { Accepted, Channel, Refusal } from '../../db/models/run.ts';
import { env } from '../base/env.ts';
import { Session, type SignedUser } from '../../db/models/session.ts';
import { problem } from '../base/errors.ts';
import { budgeted, withinBudget } from './budget.ts';
import { networkKey } from './charge.ts';
import { type Counter, presentCharge, type RateHeaders, refusalOf, type Window } from './charge.ts';
import { forget, take } from './counters.ts';

/**
 * The sender and the address of a message. `tell` receives the rate headers. A language is missing where nobody needs it.
 * `sid`: the session, which is checked where the message is stored.
 */
export type Sender = {
  user: Pick<SignedUser, 'id'> & Partial<Pick<SignedUser, 'language'>>;
  sid?: number;
  ip: string;
  channel?: Channel;
  tell?: (headers: RateHeaders) => void;
};
/** `conversation_id`: absent where no person can answer. */
type Keyed = { key: string | null; hash: string; conversation_id?: number | null };

/**
 * Stores a message by `accept` if the limits of its user and its address allow it. The windows are a minute, an hour and a
 * day, over all transports. If one window refuses a message, no window counts it. A replay is free, even when the limit is
 * reached: its receipt shows it within the minute, later Postgres does.
 * @param keyed the idempotency key, the hash that tells two requests of one key apart, and the conversation
 * @throws Problem `rate_limited`, `quota_exceeded`; what `accept` throws, and then the message is not counted
 */
export async function withinLimits(
  sender: Sender,
  keyed: Keyed,
  accept: () => Promise<Accepted | { outcome: Refusal }>,
): Promise<Accepted | { outcome: Refusal }> {
  const [{ user, ip, tell }, { key, hash }] = [sender, keyed];
  const began = performance.now();
  const receipt = key === null ? null : receiptOf(user.id, key, hash);
  const charge = await take(countersOf(user.id, ip), receipt);
  tell?.(presentCharge(charge, WINDOWS.length));
  if (charge.outcome === 'refused') {
    const known = await storedAlready(sender, keyed);
    if (known !== undefined) return known;
    throw refusalOf(charge, 'Too many messages: RateLimit says when there may be more');
  }
  try {
    const accepted = (await beyondBudget(sender, keyed)) ?? (await accept());
    // A refused message loses its receipt, so that sending it again counts again.
    if (receipt !== null && !isStored(accepted)) await forget({ key: receipt });
    if (!isStored(accepted) || accepted.outcome !== 'replayed' || charge.outcome === 'free') return accepted;
    // A copy of this message was faster and was free because of this charge. Then the charge stays as the message's own.
    if ((await ageOf(accepted)) <= performance.now() - began) return accepted;
    await charge.giveBack();
    const counts = charge.counts.map(({ count, ends }) => ({ count: count - 1, ends }));
    tell?.(presentCharge({ ...charge, counts }, WINDOWS.length));
    return accepted;
  } catch (err) {
    if (charge.outcome === 'taken') await charge.giveBack();
    throw err;
  }
}

/** Returns the message that a key has stored already, where a budget allows no new one. @throws Problem `quota_exceeded` */
async function beyondBudget(sender: Sender, keyed: Keyed) {
  if (!budgeted) return undefined;
  try {
    await withinBudget(sender.user.id, keyed.conversation_id ?? null);
    return undefined;
  } catch (err) {
    const known = await storedAlready(sender, keyed);
    if (known === undefined) throw err;
    return known;
  }
}

/**
 * Returns the message that a key has stored already.
 * @throws Problem `unauthenticated` where the session has ended: nothing else checks it
 */
async function storedAlready({ user, sid }: Sender, { key, hash }: Keyed) {
  if (key === null) return undefined;
  if (sid !== undefined && (await Session.findSigned(sid, user.id)) === undefined)
    throw problem('unauthenticated');
  return storedUnder(user.id, key, hash);
}

function isStored(answer: Accepted | { outcome: Refusal }): answer is Accepted {
  return answer.outcome === 'accepted' || answer.outcome === 'replayed';
}

const WINDOWS: Window[] = [
  { name: 'minute', limit: env.RATE_LIMIT_PER_MINUTE, seconds: 60 },
  { name: 'hour', limit: env.RATE_LIMIT_PER_HOUR, seconds: 3_600 },
  { name: 'day', limit: env.RATE_LIMIT_PER_DAY, seconds: 86_400 },
];
/**
 * An office, a campus or a mobile network may share one address, so an address may send as much as ten users. The limit
 * still stops somebody who registers account after account.
 */
const USERS_BEHIND_AN_ADDRESS = 10;
const ADDRESS_WINDOWS = WINDOWS.map(({ name, limit, seconds }) => ({
  name: `address-${name}`,
  limit: limit * USERS_BEHIND_AN_ADDRESS,
  seconds,
}));

function countersOf(userId: number, ip: string): Counter[] {
  const network = networkKey(ip);
  return [
    ...WINDOWS.map((window) => ({ ...window, key: `limit:send:user:${userId}:${window.seconds}` })),
    ...ADDRESS_WINDOWS.map((window) => ({
      ...window,
      key: `limit:send:address:${network}:${window.seconds}`,
    })),
  ];
}

function receiptOf(userId: number, key: string, hash: string): string {
  const request = createHash('sha256').update(`${key}\n${hash}`).digest('base64url');
  return `limit:send:user:${userId}:charged:${request}`;
}
