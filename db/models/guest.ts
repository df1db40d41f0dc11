import type { Knex } from 'knex';
import { type NewUser, refuseTaken, User } from './user.ts';

export type NewGuest = Pick<NewUser, 'gdpr_consent'> &
  Partial<Pick<NewUser, 'language' | 'timezone' | 'data_processing_consent'>>;

/** Creates a guest: an account without credentials. */
export async function createGuest(fields: NewGuest, trx: Knex): Promise<User> {
  return User.query(trx)
    .insert({ ...fields, role: 'guest' })
    .returning('*');
}

/** Counts living guests, up to `limit`. Another count waits until the transaction ends. */
export async function countGuestsAlone(limit: number, trx: Knex): Promise<number> {
  await trx.raw(`SELECT pg_advisory_xact_lock(hashtext('parley.guests'))`);
  const { rows } = await trx.raw<{ rows: [{ count: number }] }>(
    `SELECT count(*)::integer AS count FROM
       (SELECT FROM users WHERE role = 'guest' AND status <> 'deleted' LIMIT ?) AS living`,
    [limit],
  );
  return rows[0].count;
}

/**
 * Makes a guest the account of a person: the id stays, and all that is stored under it.
 * @returns the account; undefined when the guest has registered before, or is gone
 * @throws Problem `already_exists` that names the field
 */
export async function upgradeGuest(id: number, fields: NewUser, trx: Knex): Promise<User | undefined> {
  return User.query(trx)
    .patch({ ...fields, role: 'user', updated_at: new Date() })
    .where({ id, role: 'guest', status: 'active' })
    .returning('*')
    .first()
    .catch((err) => refuseTaken(err));
}
