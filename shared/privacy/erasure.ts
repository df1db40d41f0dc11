import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import {
  accountExists,
  accountOf,
  beginErasure,
  completeErasure,
  deliveriesLeft,
  eraseAccount,
  type Erasure,
  erasureById,
  forgetDeliveries,
  type Kept,
} from '../../db/models/erasure.ts';
import { User } from '../../db/models/user.ts';
import { type By, noted } from '../accounts/noted.ts';
import { passwordFits, wrongPassword } from '../accounts/password.ts';
import { found, invalid, problem } from '../base/errors.ts';
import { enqueueSoon } from '../delivery/enqueue.ts';
import { forgetDelivered, forgetKeysOf } from '../delivery/forget.ts';
import { settleInBackground } from '../delivery/runs.ts';
import { forgetLetters } from '../notifications/transport.ts';
import { killPoint } from '../ops/killpoint.ts';
import { erasedTables } from './map.ts';
import { newReceipt, partsOf, signReceipt } from './receipts.ts';

/** Messages per transaction; a small number keeps locks short. */
const BATCH = 500;

/** What stays after an erasure, as receipts say it. */
const KEPT: Kept[] = [
  { what: 'audit log', why: 'It says that something happened, and no longer to whom.' },
  {
    what: 'published FAQs',
    why: 'An editor published them, also where a question of this account gave the occasion.',
  },
  { what: 'totals of analytics', why: 'They are counts without texts or ids.' },
  { what: 'this receipt', why: 'It proves the erasure, and lets it be repeated on a restored backup.' },
];

/**
 * Erases a user's own account: it is dead at once, and a job removes what it holds.
 * @param password required of accounts that have one
 * @returns the receipt
 * @throws Problem `validation_failed` for a wrong password, `conflict` for the last administrator
 */
export async function eraseOwn(userId: number, password: string | undefined, by: By): Promise<string> {
  const { hashed_password } = await User.own(userId);
  if (hashed_password === null && password !== undefined)
    throw invalid('/password', 'must be left out: the account has no password');
  if (hashed_password !== null && !(await passwordFits(password ?? '', hashed_password)))
    throw wrongPassword();
  return shutOut(userId, null, by);
}

/**
 * Erases somebody else's account for an administrator: one's own wants the password (`eraseOwn`).
 * @returns the receipt
 * @throws Problem `not_found`, `conflict`, `forbidden`
 */
export async function eraseFor(by: By, userId: number, reason: string): Promise<string> {
  if (by.actor_id === userId) throw problem('forbidden', 'Erase your own account with DELETE /users/me');
  return shutOut(userId, reason, by);
}

/** Erases an account again that a restored backup brought back. @returns whether there was one */
export async function eraseAgain(entry: Pick<Erasure, 'receipt' | 'pseudonym'>): Promise<boolean> {
  const userId = await accountOf(entry.pseudonym);
  if (userId === undefined) return false;
  const begun = await beginErasure(userId, entry.receipt, null);
  settleInBackground({ ended: begun?.ended ?? [], next: null });
  return begun !== undefined;
}

async function shutOut(userId: number, reason: string | null, by: By): Promise<string> {
  const { receipt, ended } = await knex.transaction(async (trx: Knex) => {
    const begun = found(await beginErasure(userId, newReceipt(), reason, trx));
    if (begun.last_admin || begun.receipt === null)
      throw problem('conflict', 'The last administrator cannot be erased');
    await noted(by, 'user.erasure_requested', { subject_id: userId })(userId, trx);
    return { receipt: begun.receipt, ended: begun.ended };
  });
  killPoint('erasure.requested', userId);
  settleInBackground({ ended, next: null });
  enqueueSoon('erasure', {});
  return receipt;
}

/**
 * Goes on with an erasure until nothing is left: rows, then logs, jobs and counters in Redis, then the receipt is signed. Several
 * processes may do this at once, and one that died leaves what the next call does.
 * @returns whether it is complete; false: a run of the account has not ended yet
 */
export async function goOnErasing(id: number): Promise<boolean> {
  for (;;) {
    const erasure = await erasureById(id);
    if (erasure === undefined || erasure.user_id === null || erasure.status === 'erased') return true;
    const { user_id } = erasure;
    const gone = (await eraseAccount(user_id, BATCH, erasedTables)) ?? !(await accountExists(user_id));
    killPoint('erasure.erased', user_id);
    const deliveries = await deliveriesLeft(id);
    await forgetDelivered(deliveries);
    await forgetDeliveries(id, deliveries);
    if (gone) return finish(id);
    // Nothing was left to do but to wait for a run.
    if (deliveries.length === 0) return false;
  }
}

async function finish(id: number): Promise<boolean> {
  const erasure = await erasureById(id);
  if (erasure === undefined || erasure.user_id === null) return true;
  await forgetKeysOf(erasure.user_id);
  await forgetLetters(erasure.user_id);
  killPoint('erasure.forgotten', erasure.user_id);
  const completed_at = new Date();
  const whole: Erasure = { ...erasure, status: 'erased', completed_at, kept: KEPT };
  await completeErasure(id, { completed_at, kept: KEPT, ...(await signReceipt(partsOf(whole))) });
  return true;
}
