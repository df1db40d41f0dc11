import { Problem, problem } from '../base/errors.ts';
import { hidden } from '../base/hidden.ts';
import { networkKey } from './charge.ts';
import { type Counter, presentCharge, type RateHeaders, refusalOf, type Window } from './charge.ts';
import { forget, take } from './counters.ts';

/**
 * How often something may be tried. `pair` limits one address on one account, so a guesser elsewhere cannot lock the owner
 * out. `address` limits a client that tries one password on many accounts. `counts`: only failures, or all attempts.
 * `account` limits an account from all addresses together, where whoever tries has proved to be its owner, or knows its password.
 * `every` limits all attempts of an address, whatever their result. `hashes`: an attempt hashes a password, so each address
 * has a queue of its own.
 */
export type Policy = {
  counts: 'failures' | 'all';
  address: Window;
  pair?: Window;
  account?: Window;
  every?: Window;
  hashes?: true;
};

const QUARTER = 900;
/** One address takes at most half of the hundred slots of what waits for hashing (shared/accounts/whenFree.ts). */
const HASHING_AT_ONCE = 50;
/** A check of a password, right or wrong, takes almost a tenth of a second of a core. */
const CHECKS: Window = { name: 'address-password-checks', limit: 600, seconds: 60 };
export const SIGN_IN: Policy = {
  counts: 'failures',
  pair: { name: 'sign-in', limit: 10, seconds: QUARTER },
  address: { name: 'address-sign-in', limit: 600, seconds: QUARTER },
  every: CHECKS,
  hashes: true,
};
/**
 * Three of a million codes are right at a time, so an account takes 30 wrong ones an hour, wherever they come from. Only somebody
 * who knows its password can use these up.
 */
export const SECOND_FACTOR: Policy = {
  counts: 'failures',
  pair: { name: 'second-factor', limit: 10, seconds: QUARTER },
  account: { name: 'account-second-factor', limit: 30, seconds: 3_600 },
  address: { name: 'address-second-factor', limit: 600, seconds: QUARTER },
};
/** A limit of its own, so that the holder of an access token cannot use up the limit of signing in. */
export const SECOND_FACTOR_CONFIRM: Policy = {
  counts: 'failures',
  pair: { name: 'second-factor-confirm', limit: 10, seconds: QUARTER },
  address: { name: 'address-second-factor-confirm', limit: 600, seconds: QUARTER },
};
/** Keeps the holder of a stolen access token from guessing the password. */
export const PASSWORD_CHANGE: Policy = {
  counts: 'failures',
  pair: { name: 'password-change', limit: 10, seconds: QUARTER },
  address: { name: 'address-password-change', limit: 600, seconds: QUARTER },
  every: CHECKS,
  hashes: true,
};
/** Nobody guesses a refresh token, but each attempt is a transaction. */
export const REFRESH: Policy = {
  counts: 'failures',
  address: { name: 'address-refresh', limit: 600, seconds: QUARTER },
  every: { name: 'address-refreshes', limit: 3_000, seconds: 60 },
};
/** Each change of an account adds an entry to the audit log, which stays. */
export const PROFILE_CHANGE: Policy = {
  counts: 'all',
  pair: { name: 'profile-change', limit: 300, seconds: QUARTER },
  address: { name: 'address-profile-change', limit: 3_000, seconds: QUARTER },
};
/** Each export reads and writes all that an account has. */
export const EXPORT: Policy = {
  counts: 'all',
  pair: { name: 'account-export', limit: 20, seconds: 3_600 },
  account: { name: 'account-exports', limit: 20, seconds: 3_600 },
  address: { name: 'address-account-export', limit: 600, seconds: 3_600 },
};
/** Each looks up a name that the user chose, and a device takes one at most now and then. */
export const PUSH_SUBSCRIBE: Policy = {
  counts: 'all',
  pair: { name: 'push-subscribe', limit: 60, seconds: QUARTER },
  address: { name: 'address-push-subscribe', limit: 1_200, seconds: QUARTER },
};
/** A refusal shows that somebody has the name, or that the password is wrong, so a user may make twenty guesses an hour. */
export const NAME_CHANGE: Policy = {
  counts: 'all',
  pair: { name: 'name-change', limit: 20, seconds: 3_600 },
  address: { name: 'address-name-change', limit: 600, seconds: 3_600 },
};
/** Each request may send mail to somebody who did not ask for it. */
export const PASSWORD_FORGOT: Policy = {
  counts: 'all',
  pair: { name: 'password-forgot', limit: 20, seconds: QUARTER },
  address: { name: 'address-password-forgot', limit: 300, seconds: QUARTER },
};
/** Each request sends mail to an address of the account, or to one that its owner names. */
export const VERIFY_SEND: Policy = {
  counts: 'all',
  pair: { name: 'verify-send', limit: 10, seconds: QUARTER },
  address: { name: 'address-verify-send', limit: 300, seconds: QUARTER },
};
export const VERIFY: Policy = {
  counts: 'failures',
  address: { name: 'address-verify', limit: 100, seconds: QUARTER },
};
/** Each is a request to another system, whose owner did not ask for it. */
export const WEBHOOK_SEND: Policy = {
  counts: 'all',
  pair: { name: 'webhook-send', limit: 30, seconds: 60 },
  address: { name: 'address-webhook-send', limit: 300, seconds: 60 },
};
/** Nobody guesses a token of 256 bits, but a client that tries is slowed down. */
export const PASSWORD_RESET: Policy = {
  counts: 'failures',
  address: { name: 'address-password-reset', limit: 100, seconds: QUARTER },
};
/** A hash takes a tenth of a second of a core. A class that signs up together shares one address. */
export const REGISTRATION: Policy = {
  counts: 'all',
  address: { name: 'address-registration', limit: 600, seconds: 60 },
  hashes: true,
};

/** A guest is a row that lives for weeks. A class that opens a page together is behind one address. */
export const GUEST: Policy = {
  counts: 'all',
  address: { name: 'address-guest', limit: 300, seconds: 60 },
  every: { name: 'address-guests', limit: 3_000, seconds: 3_600 },
};
/** As for refreshes: nobody guesses a site's hash, but each try that fits is a transaction and an entry of the audit log. */
export const WIDGET: Policy = {
  counts: 'failures',
  address: { name: 'address-widget', limit: 600, seconds: QUARTER },
  every: { name: 'address-widgets', limit: 3_000, seconds: 60 },
};

/**
 * Who makes an attempt: the account (null: none) and the address. `tell` gets the headers that say how many attempts are left.
 */
type Trying = { account: string | null; ip: string; tell: (headers: RateHeaders) => void };

/**
 * Makes one attempt. It counts before it begins, and is given back unless it fails. So a thousand attempts at once learn no
 * more than a thousand in turn. A success deletes the failures of its pair. Attempts of one pair run one by one in this
 * process. So sign-ins with the right password never refuse one another, and take one of two threads.
 * @returns what `work` returns
 * @throws Problem `rate_limited`; what `work` throws
 */
export async function limited<T>(
  policy: Policy,
  { account, ip, tell }: Trying,
  work: () => Promise<T>,
): Promise<T> {
  const { address, pair, account: everywhere, every, hashes = false } = policy;
  const network = networkKey(ip);
  if (every !== undefined) await countIn({ ...every, key: `limit:${every.name}:${network}` }, tell);
  const counters: Counter[] = [{ ...address, key: `limit:${address.name}:${network}` }];
  const inSlot = (trying: () => Promise<T>) =>
    hashes ? inLine(`hashing:${network}`, HASHING_AT_ONCE, trying) : trying();
  if (pair === undefined || account === null) return inSlot(() => tryOnce(policy, { counters, tell }, work));

  if (everywhere !== undefined)
    counters.push({ ...everywhere, key: `limit:${everywhere.name}:${nameless(account)}` });
  const mine = { ...pair, key: `limit:${pair.name}:${network}:${nameless(account)}` };
  return inLine(mine.key, 1, () =>
    inSlot(() => tryOnce(policy, { counters: [mine, ...counters], tell, pair: mine }, work)),
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
    // With `second_factor_required` the password was right.
    const failed = err instanceof Problem && err.status < 500 && err.code !== 'second_factor_required';
    if (!failed) await charge.giveBack();
    throw err;
  }
}

/** Hashes the account, so that Redis holds no name. Upper and lower case are the same. */
function nameless(account: string): string {
  const name = account.normalize('NFKC').trim().toLowerCase();
  return hidden('account', name).slice(0, 22);
}

/** No honest client has more attempts waiting. */
const MAX_WAITING = 500;
const lines = new Map<string, { running: number; waiting: (() => void)[] }>();

async function inLine<T>(key: string, atOnce: number, work: () => Promise<T>): Promise<T> {
  const line = lines.get(key) ?? { running: 0, waiting: [] };
  if (line.waiting.length >= MAX_WAITING)
    throw problem('rate_limited', 'Too many attempts at a time: wait', { retryAfterS: 1 });
  lines.set(key, line);
  if (line.running >= atOnce) await new Promise<void>((turn) => line.waiting.push(turn));
  else line.running += 1;
  try {
    return await work();
  } finally {
    const next = line.waiting.shift();
    // Passes the slot on instead of freeing it, so that no new call takes it first.
    if (next) next();
    else line.running -= 1;
    if (line.running === 0) lines.delete(key);
  }
}
