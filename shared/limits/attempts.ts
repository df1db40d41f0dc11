import { Problem, problem } from '../base/errors.ts';
import { hidden } from '../base/hidden.ts';
import { type Counter, networkKey, presentCharge, type RateHeaders, refusalOf } from './charge.ts';
import { forget, take } from './counters.ts';
import type { Policy } from './policies.ts';

/** One address takes at most half of the hundred slots of what waits for hashing (shared/accounts/whenFree.ts). */
const HASHING_AT_ONCE = 50;

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
