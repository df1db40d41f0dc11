import type { Knex } from 'knex';
import { row } from '../sql.ts';
import { User } from './user.ts';
import { type Tables, use } from '../personalData.ts';

/** Steps behind a used one whose codes may still be taken by a clock that is late. */
const REMEMBERED_STEPS = 3;

/** Locks an account that is active, until the transaction ends; undefined when it is not. */
export async function lockedAccount(id: number, trx: Knex): Promise<User | undefined> {
  return User.query(trx).findById(id).where({ status: 'active' }).forNoKeyUpdate();
}

/** Keeps a new secret as pending, in place of an earlier pending one. Returns false when one is on. */
export async function keepPending(
  of: { userId: number; sealed: string; hashes: string[] },
  trx: Knex,
): Promise<boolean> {
  const kept = await row(
    `INSERT INTO second_factors AS f (user_id, sealed, recovery_hashes) VALUES (:userId, :sealed, :hashes)
     ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, recovery_hashes = excluded.recovery_hashes,
       used_steps = '{}', created_at = excluded.created_at
     WHERE f.confirmed_at IS NULL RETURNING user_id`,
    of,
    trx,
  );
  return kept !== undefined;
}

/** Returns the sealed secret of an account, the pending or the confirmed one. */
export async function sealedSecret(
  userId: number,
  kind: 'pending' | 'confirmed',
  trx: Knex,
): Promise<string | undefined> {
  const found = await row<{ sealed: string }>(
    `SELECT sealed FROM second_factors
     WHERE user_id = :userId AND (confirmed_at IS NOT NULL) = :confirmed`,
    { userId, confirmed: kind === 'confirmed' },
    trx,
  );
  return found?.sealed;
}

/** Turns the pending second factor on. The caller has locked the account. */
export async function confirmPending(userId: number, trx: Knex): Promise<void> {
  await row(
    'UPDATE second_factors SET confirmed_at = clock_timestamp() WHERE user_id = :userId',
    { userId },
    trx,
  );
  await row(
    'UPDATE users SET second_factor = true, updated_at = clock_timestamp() WHERE id = :userId',
    { userId },
    trx,
  );
}

/** Removes an account's second factor, pending or on. Returns whether one was on. The caller has locked the account. */
export async function removeSecondFactor(userId: number, trx: Knex): Promise<boolean> {
  await row('DELETE FROM second_factors WHERE user_id = :userId', { userId }, trx);
  const changed = await row(
    `UPDATE users SET second_factor = false, updated_at = clock_timestamp()
     WHERE id = :userId AND second_factor RETURNING id`,
    { userId },
    trx,
  );
  return changed !== undefined;
}

/** Uses up the code of a step of time. Returns false when it was used before. */
export async function useStep(userId: number, step: number, trx: Knex): Promise<boolean> {
  const used = await row(
    `UPDATE second_factors SET used_steps = :step::bigint || ARRAY(
       SELECT used FROM unnest(used_steps) AS used WHERE used >= :step::bigint - :remembered::bigint)
     WHERE user_id = :userId AND NOT :step::bigint = ANY (used_steps) RETURNING user_id`,
    { userId, step, remembered: REMEMBERED_STEPS },
    trx,
  );
  return used !== undefined;
}

/** Uses up a recovery code. Returns false for one that is unknown or was used. */
export async function useRecoveryCode(userId: number, hash: string, trx: Knex): Promise<boolean> {
  const used = await row(
    `UPDATE second_factors SET recovery_hashes = array_remove(recovery_hashes, :hash::text)
     WHERE user_id = :userId AND confirmed_at IS NOT NULL AND :hash::text = ANY (recovery_hashes) RETURNING user_id`,
    { userId, hash },
    trx,
  );
  return used !== undefined;
}

/** Records a sign-in that gave its second factor. */
export async function noteLogin(userId: number, trx: Knex): Promise<User | undefined> {
  return User.query(trx).patch({ last_login: new Date() }).where({ id: userId }).returning('*').first();
}

export const tables: Tables = {
  second_factors: {
    sealed: { column: 'sealed', id: 'user_id', label: 'user_id', prefix: 'second-factor' },
    purpose: 'a code besides the password at sign-in; the secret is sealed, recovery codes are hashed',
    kept: 'until its owner removes it',
    bound: use('one for each account'),
    erased: 'account',
    owner: 'user_id',
    columns: {
      link: 'user_id',
      secret: 'sealed recovery_hashes',
      behaviour: 'created_at confirmed_at',
      technical: 'used_steps',
    },
  },
};
