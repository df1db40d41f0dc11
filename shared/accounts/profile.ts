import { knex } from '../../db/knex.ts';
import { sayClient } from '../../db/models/consent.ts';
import { type NewUser, User } from '../../db/models/user.ts';
import { settleInBackground } from '../delivery/runs.ts';
import type { Client } from './client.ts';
import { familyOf } from './family.ts';
import { type By, noted } from './noted.ts';
import { passwordFits, wrongPassword } from './password.ts';

/** Returns a signed-in user's account. @throws Problem `unauthenticated` when the account is gone */
export function ownAccount(id: number): Promise<User> {
  return User.own(id);
}

/**
 * Makes sure that a user who changes the name that signs in knows the password: a stolen access token must not be enough.
 * @throws Problem `validation_failed` for another password, or none
 */
export async function provePassword(
  id: number,
  { username }: Partial<NewUser>,
  password: string | undefined,
): Promise<void> {
  if (username === undefined) return;
  const before = await User.own(id);
  if (before.username === username || before.hashed_password === null) return;
  if (password !== undefined && (await passwordFits(password, before.hashed_password))) return;
  throw wrongPassword();
}

/**
 * Changes a user's own account. Without the consent to data processing, cancels the user's runs.
 * @returns the changed account
 * @throws Problem `already_exists`, `not_found`
 */
export async function changeAccount(
  id: number,
  fields: Partial<NewUser>,
  by: By,
  { userAgent }: Pick<Client, 'userAgent'>,
): Promise<User> {
  const { user, ended } = await knex.transaction(async (trx) => {
    await sayClient(familyOf(userAgent), trx);
    const changed = await User.change(id, fields, trx);
    const entry = noted(by, 'user.changed', { subject_id: id, details: { fields: changed.names } });
    // A change of nothing gets no entry, because entries are permanent.
    if (changed.names.length > 0) await entry(id, trx);
    const cancelled = changed.user.data_processing_consent ? [] : await User.cancelRuns(id, trx);
    return { user: changed.user, ended: cancelled };
  });
  settleInBackground({ ended, next: null });
  return user;
}
