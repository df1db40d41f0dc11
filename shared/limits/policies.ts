import type { Window } from './charge.ts';

/**
 * How often something may be tried. `pair` limits one address on one account, so a guesser elsewhere cannot lock the owner
 * out. `address` limits a client that tries one password on many accounts. `counts`: only failures, or all attempts.
 * `account` limits an account from all addresses together. Use it where only the owner, or somebody with the password, can try.
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
const HOUR = 3_600;
/** A check of a password, right or wrong, takes almost a tenth of a second of a core. */
const CHECKS: Window = { name: 'address-password-checks', limit: 600, seconds: 60 };

export const SIGN_IN = policy('failures', 'sign-in', { pair: 10, address: 600, every: CHECKS, hashes: true });
/**
 * Three of a million codes are right at a time, so an account takes 30 wrong ones an hour, wherever they come from. Only somebody
 * who knows its password can use these up.
 */
export const SECOND_FACTOR = policy('failures', 'second-factor', {
  pair: 10,
  address: 600,
  account: { name: 'account-second-factor', limit: 30, seconds: HOUR },
});
/** A limit of its own, so that the holder of an access token cannot use up the limit of signing in. */
export const SECOND_FACTOR_CONFIRM = policy('failures', 'second-factor-confirm', { pair: 10, address: 600 });
/** Keeps the holder of a stolen access token from guessing the password. */
export const PASSWORD_CHANGE = policy('failures', 'password-change', {
  pair: 10,
  address: 600,
  every: CHECKS,
  hashes: true,
});
/** Nobody guesses a refresh token, but each attempt is a transaction. */
export const REFRESH = policy('failures', 'refresh', {
  address: 600,
  every: { name: 'address-refreshes', limit: 3_000, seconds: 60 },
});
/** Each change of an account adds an entry to the audit log, which stays. */
export const PROFILE_CHANGE = policy('all', 'profile-change', { pair: 300, address: 3_000 });
/** Each export reads and writes all that an account has. */
export const EXPORT = policy('all', 'account-export', {
  pair: 20,
  address: 600,
  seconds: HOUR,
  account: { name: 'account-exports', limit: 20, seconds: HOUR },
});
/** Each looks up a name that the user chose, and a device takes one at most now and then. */
export const PUSH_SUBSCRIBE = policy('all', 'push-subscribe', { pair: 60, address: 1_200 });
/** A refusal shows that somebody has the name, or that the password is wrong, so a user may make twenty guesses an hour. */
export const NAME_CHANGE = policy('all', 'name-change', { pair: 20, address: 600, seconds: HOUR });
/** Each request may send mail to somebody who did not ask for it. */
export const PASSWORD_FORGOT = policy('all', 'password-forgot', { pair: 20, address: 300 });
/** Each request sends mail to an address of the account, or to one that its owner names. */
export const VERIFY_SEND = policy('all', 'verify-send', { pair: 10, address: 300 });
export const VERIFY = policy('failures', 'verify', { address: 100 });
/** Each is a request to another system, whose owner did not ask for it. */
export const WEBHOOK_SEND = policy('all', 'webhook-send', { pair: 30, address: 300, seconds: 60 });
/** Nobody guesses a token of 256 bits, but a client that tries is slowed down. */
export const PASSWORD_RESET = policy('failures', 'password-reset', { address: 100 });
/** A hash takes a tenth of a second of a core. A class that signs up together shares one address. */
export const REGISTRATION = policy('all', 'registration', { address: 600, seconds: 60, hashes: true });
/** A guest is a row that lives for weeks. A class that opens a page together is behind one address. */
export const GUEST = policy('all', 'guest', {
  address: 300,
  seconds: 60,
  every: { name: 'address-guests', limit: 3_000, seconds: HOUR },
});
/** As for refreshes: nobody guesses a site's hash, but each try that fits is a transaction and an entry of the audit log. */
export const WIDGET = policy('failures', 'widget', {
  address: 600,
  every: { name: 'address-widgets', limit: 3_000, seconds: 60 },
});

type Limits = Pick<Policy, 'account' | 'every' | 'hashes'> & {
  address: number;
  pair?: number;
  seconds?: number;
};

/** Makes a policy. Clients know its windows as `NAME` (a pair's) and `address-NAME`; both are of `seconds`. */
function policy(
  counts: Policy['counts'],
  name: string,
  { address, pair, seconds = QUARTER, ...others }: Limits,
): Policy {
  return {
    counts,
    address: { name: `address-${name}`, limit: address, seconds },
    ...(pair !== undefined && { pair: { name, limit: pair, seconds } }),
    ...others,
  };
}
