import type { Knex } from 'knex';
import { knex } from '../../db/knex.ts';
import { oweNotification } from '../../db/models/notification.ts';
import {
  confirmPending,
  keepPending,
  lockedAccount,
  noteLogin,
  removeSecondFactor,
  sealedSecret,
  useRecoveryCode,
  useStep,
} from '../../db/models/secondFactor.ts';
import { User } from '../../db/models/user.ts';
import { invalid, problem } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { seal, unseal } from '../base/secretBox.ts';
import { type Client, noteSignIn } from './client.ts';
import { type By, noted } from './noted.ts';
import { passwordFits, wrongPassword } from './password.ts';
import { beginSession, type SignIn } from './signin.ts';
import { passwordStamp, verifyAccess, verifySecondFactor } from './tokens.ts';
import { newRecoveryCodes, newSecret, recoveryHash, stepOf } from './totp.ts';

/** The user, and the actor for the audit log. */
type Owner = { id: number; by: By };
export type Enrolment = { secret: string; uri: string; recovery_codes: string[] };

const labelOf = (userId: number) => `second-factor:${userId}`;

/**
 * Begins to enrol a second factor, which counts once it is confirmed. Replaces an unconfirmed one.
 * @throws Problem `validation_failed` for a wrong password, `forbidden` without one, `conflict` when a second factor is on
 */
export async function beginSecondFactor(owner: Owner, password: string): Promise<Enrolment> {
  const user = await proven(owner, password);
  const { secret, uri } = newSecret(user.email ?? user.username ?? String(user.id));
  const { codes, hashes } = newRecoveryCodes();
  await knex.transaction(async (trx) => {
    await unchanged(user, trx);
    const sealed = seal(secret, labelOf(user.id));
    if (!(await keepPending({ userId: user.id, sealed, hashes }, trx)))
      throw problem('conflict', 'A second factor is on: remove it first');
    await noted(owner.by, 'user.second_factor_begun', { subject_id: user.id })(user.id, trx);
  });
  return { secret, uri, recovery_codes: codes };
}

/**
 * Turns a pending second factor on, by a code of it.
 * @throws Problem `validation_failed` for a wrong code, `conflict` when none is pending
 */
export async function confirmSecondFactor({ id, by }: Owner, code: string): Promise<void> {
  await knex.transaction(async (trx) => {
    if ((await lockedAccount(id, trx)) === undefined) throw problem('unauthenticated');
    const sealed = await sealedSecret(id, 'pending', trx);
    if (sealed === undefined) throw problem('conflict', 'No second factor waits to be confirmed');
    const step = stepOf(unseal(sealed, labelOf(id)), code);
    if (step === undefined) throw invalid('/code', 'must be the code that the authenticator shows now');
    await useStep(id, step, trx);
    await confirmPending(id, trx);
    await noted(by, 'user.second_factor_on', { subject_id: id })(id, trx);
  });
}

/** Removes a second factor, pending or on. @throws Problem `validation_failed` for a wrong password, `forbidden` without one */
export async function endSecondFactor(owner: Owner & { sid: number }, password: string): Promise<void> {
  const user = await proven(owner, password);
  await knex.transaction(async (trx) => {
    await unchanged(user, trx);
    const wasOn = await removeSecondFactor(user.id, trx);
    if (!wasOn) return;
    await oweNotification('second_factor_off', user.id, { session_id: owner.sid }, trx);
    await noted(owner.by, 'user.second_factor_off', { subject_id: user.id })(user.id, trx);
  });
}

/**
 * Signs in with the token of a sign-in that had the right password, and a code of the authenticator or a recovery code.
 * Each code is good once.
 * @throws Problem `unauthenticated`
 */
export async function signInBySecondFactor(token: string, code: string, client: Client): Promise<SignIn> {
  const { sub, stamp } = verifySecondFactor(token);
  const id = Number(sub);
  const signedIn = await knex.transaction(async (trx) => {
    const user = await lockedAccount(id, trx);
    if (user === undefined || !user.second_factor || passwordStamp(user.hashed_password) !== stamp)
      throw problem('unauthenticated', 'This sign-in is over: begin again');
    const used = await useCode(id, code, trx);
    if (used === undefined) return undefined;
    const now = (await noteLogin(id, trx)) ?? user;
    const grant = await beginSession(now, client, trx);
    if (used === 'recovery') {
      await noteSignIn('user.recovery_code_used', { actor: user, subject: id }, client, trx);
      await oweNotification('recovery_code_used', id, { session_id: verifyAccess(grant.access).sid }, trx);
    }
    return { user: now, grant };
  });
  if (signedIn !== undefined) return signedIn;
  await noteSignIn('user.second_factor_failed', { subject: id }, client, knex);
  throw problem('unauthenticated', 'The code is wrong, too old, or was used');
}

async function useCode(userId: number, code: string, trx: Knex): Promise<'totp' | 'recovery' | undefined> {
  const sealed = await sealedSecret(userId, 'confirmed', trx);
  const secret = sealed === undefined ? undefined : readable(userId, sealed);
  const step = secret === undefined ? undefined : stepOf(secret, code);
  if (step !== undefined) return (await useStep(userId, step, trx)) ? 'totp' : undefined;
  return (await useRecoveryCode(userId, recoveryHash(code), trx)) ? 'recovery' : undefined;
}

/** Opens a secret; undefined where no configured key does so any more. Recovery codes are good all the same. */
function readable(userId: number, sealed: string): string | undefined {
  try {
    return unseal(sealed, labelOf(userId));
  } catch (err) {
    log.error(
      { err, user_id: userId },
      'Secret of a second factor cannot be read: restore its key to DATA_KEYS',
    );
    return undefined;
  }
}

async function proven({ id, by }: Owner, password: string): Promise<User> {
  const user = await User.own(id);
  if (user.hashed_password === null) throw problem('forbidden', 'This account has no password');
  if (await passwordFits(password, user.hashed_password)) return user;
  await noted(by, 'user.second_factor_change_failed', { subject_id: id })(id, knex);
  throw wrongPassword();
}

/** Locks the account. @throws Problem `validation_failed` when its password is not the one that was proven */
async function unchanged(user: User, trx: Knex): Promise<void> {
  const now = await lockedAccount(user.id, trx);
  if (now === undefined) throw problem('unauthenticated');
  if (now.hashed_password !== user.hashed_password) throw wrongPassword();
}
