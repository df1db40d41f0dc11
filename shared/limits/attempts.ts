import { createHash } from 'node:crypto';
import { Problem, problem } from '../base/errors.ts';
import { networkOf } from './network.ts';
import { type Counter, presentCharge, type RateHeaders, refusalOf, type Window } from './charge.ts';
import { forget, take } from './counters.ts';

/**
 * How often something may be tried. `pair` is what one address may try on one account: somebody who guesses elsewhere
 * does not lock its owner out. `address` bounds who tries one password on many accounts. `counts`: only what is refused,
 * or everything. `every`: how often it may be tried from an address whatever comes of it.
 * `hashes`: a password, for which one address waits in a line of its own.
 */
export type Policy = {
  counts: 'failures' | 'all';
  address: Window;
  pair?: Window;
  every?: Window;
  hashes?: true;
};

const QUARTER = 900;
/** Of the hundred places before the hashing of passwords (shared/accounts/whenFree.ts) one address leaves half to the others. */
const HASHING_AT_ONCE = 50;
/** Checking a password costs most of a tenth of a second of a core, the right one as well. */
const CHECKS: Window = { name: 'address-password-checks', limit: 600, seconds: 60 };
export const SIGN_IN: Policy = {
  counts: 'failures',
  pair: { name: 'sign-in', limit: 10, seconds: QUARTER },
  address: { name: 'address-sign-in', limit: 600, seconds: QUARTER },
  every: CHECKS,
  hashes: true,
};
/** Whoever holds somebody's access token may not find out the password with it. */
export const PASSWORD_CHANGE: Policy = {
  counts: 'failures',
  pair: { name: 'password-change', limit: 10, seconds: QUARTER },
  address: { name: 'address-password-change', limit: 600, seconds: QUARTER },
  every: CHECKS,
  hashes: true,
};
/** As for resets: nobody guesses a refresh token, but each try is a transaction. */
export const REFRESH: Policy = {
  counts: 'failures',
  address: { name: 'address-refresh', limit: 600, seconds: QUARTER },
  every: { name: 'address-refreshes', limit: 3_000, seconds: 60 },
};
/** Each change of an account is an entry of the audit log, which stays. */
export const PROFILE_CHANGE: Policy = {
  counts: 'all',
  pair: { name: 'profile-change', limit: 300, seconds: QUARTER },
  address: { name: 'address-profile-change', limit: 3_000, seconds: QUARTER },
};
/** A refusal tells that somebody has the name: twenty guesses an hour. */
export const NAME_CHANGE: Policy = {
  counts: 'all',
  pair: { name: 'name-change', limit: 20, seconds: 3_600 },
  address: { name: 'address-name-change', limit: 600, seconds: 3_600 },
};
/** Each one may send a mail to somebody who did not ask for it. */
export const PASSWORD_FORGOT: Policy = {
  counts: 'all',
  pair: { name: 'password-forgot', limit: 20, seconds: QUARTER },
  address: { name: 'address-password-forgot', limit: 300, seconds: QUARTER },
};
/** Tokens have 256 bits and are not to be guessed; whoever tries is slowed down all the same. */
export const PASSWORD_RESET: Policy = {
  counts: 'failures',
  address: { name: 'address-password-reset', limit: 100, seconds: QUARTER },
};
/** A hash costs a tenth of a second of a core. A class that signs up together is behind one address. */
export const REGISTRATION: Policy = {
  counts: 'all',
  address: { name: 'address-registration', limit: 600, seconds: 60 },
  hashes: true,
};

/** Who tries: on which account (null: on none), from which address; and what hears the headers that say how often more. */
type Trying = { account: string | null; ip: string; tell: (headers: RateHeaders) => void };

/**
 * One try. It is counted before it is made and given back when it did not fail, so that a thousand at the same time
 * learn no more than a thousand in turn; a success forgets the failures of its pair. Those of one pair wait for each
 * other in this process: sign-ins with the right password do not refuse one another, and take one thread of two.
 * @throws Problem: `rate_limited`, and what `work` throws
 */
export async function limited<T>(
  policy: Policy,
  { account, ip, tell }: Trying,
  work: () => Promise<T>,
): Promise<T> {
  const { address, pair, every, hashes = false } = policy;
  const network = networkOf(ip);
  if (every !== undefined) await countIn({ ...every, key: `limit:${every.name}:${network}` }, tell);
  const counters: Counter[] = [{ ...address, key: `limit:${address.name}:${network}` }];
  const placed = (trying: () => Promise<T>) =>
    hashes ? inLine(`hashing:${network}`, HASHING_AT_ONCE, trying) : trying();
  if (pair === undefined || account === null) return placed(() => tryOnce(policy, { counters, tell }, work));

  const mine = { ...pair, key: `limit:${pair.name}:${network}:${nameless(account)}` };
  return inLine(mine.key, 1, () =>
    placed(() => tryOnce(policy, { counters: [mine, ...counters], tell, pair: mine }, work)),
  );
}

async function countIn(counter: Counter, tell: (headers: RateHeaders) => void): Promise<void> {
  const charge = await take([counter]);
  if (charge.outcome !== 'refused') return;
  tell(presentCharge(charge, 1));
  throw refusalOf(charge, 'Too many attempts: wait, or try from elsewhere');
}

async function tryOnce<T>(
  { counts }: Policy,
  { counters, tell, pair }: { counters: Counter[]; tell: Trying['tell']; pair?: Counter },
  work: () => Promise<T>,
): Promise<T> {
  const charge = await take(counters);
  tell(presentCharge(charge, 1));
  if (charge.outcome === 'refused') throw refusalOf(charge, 'Too many attempts: wait, or try from elsewhere');
  if (counts === 'all') return work();
  try {
    const done = await work();
    await charge.giveBack();
    if (pair !== undefined) await forget(pair);
    return done;
  } catch (err) {
    if (!(err instanceof Problem) || err.status >= 500) await charge.giveBack();
    throw err;
  }
}

/** Redis need not know who it is. E-mail addresses and usernames are the same in either case. */
function nameless(account: string): string {
  const name = account.normalize('NFKC').trim().toLowerCase();
  return createHash('sha256').update(name).digest('base64url').slice(0, 22);
}

/** More than that at a time are nobody's sign-in. */
const MAX_WAITING = 500;
const lines = new Map<string, { running: number; waiting: (() => void)[] }>();

async function inLine<T>(key: string, atOnce: number, work: () => Promise<T>): Promise<T> {
  const line = lines.get(key) ?? { running: 0, waiting: [] };
  if (line.waiting.length >= MAX_WAITING)
    throw problem('rate_limited', 'Too many at a time', { retryAfterS: 1 });
  lines.set(key, line);
  if (line.running >= atOnce) await new Promise<void>((turn) => line.waiting.push(turn));
  else line.running += 1;
  try {
    return await work();
  } finally {
    const next = line.waiting.shift();
    // The place is handed on, not freed, so that nobody can slip in between.
    if (next) next();
    else line.running -= 1;
    if (line.running === 0) lines.delete(key);
  }
}
