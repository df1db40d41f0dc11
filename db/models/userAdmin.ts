import type { Knex } from 'knex';
import { problem } from '../../shared/base/errors.ts';
import { knex } from '../knex.ts';
import type { GivenRole, Role } from './role.ts';
import { User } from './user.ts';

export type UserFilter = { q?: string; role?: Role; status?: User['status'] };
export type UserChange = { role?: GivenRole; status?: 'active' | 'suspended' };
/** One field of an account, before and after. */
export type Changed = { field: keyof UserChange; from: string; to: string };

/**
 * A page of accounts, the newest first.
 * @param filter `q` is how an e-mail address or a username begins, whatever its case
 * @param page `beforeId`: where the page before ended
 */
export async function listUsers(
  { q, role, status }: UserFilter,
  { limit, beforeId }: { limit: number; beforeId: number | null },
  trx: Knex,
): Promise<User[]> {
  const query = User.query(trx).orderBy('id', 'desc').limit(limit);
  if (beforeId !== null) query.where('id', '<', beforeId);
  if (role !== undefined) query.where({ role });
  if (status !== undefined) query.where({ status });
  if (q !== undefined) {
    const prefix = `${q.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    query.whereRaw('(lower(email) LIKE lower(?) OR lower(username) LIKE lower(?))', [prefix, prefix]);
  }
  return query;
}

/**
 * Changes what an account may do, for an administrator. Who is suspended loses their sign-ins and their runs.
 * There is always an administrator left: nobody changes their own account here, and who has ceased to be one
 * meanwhile changes nothing.
 * @param along is told of each change, in its transaction
 * @returns the account, and the runs that ended, to be announced
 * @throws Problem `forbidden`, `not_found`
 */
export async function administer(
  actorId: number,
  userId: number,
  change: UserChange,
  along: (changed: Changed, trx: Knex) => Promise<void>,
): Promise<{ user: User; ended: number[] }> {
  return knex.transaction(async (trx) => {
    // Both rows, in the order of ids: of two administrators who change each other one comes first.
    const locked = await User.query(trx).whereIn('id', [actorId, userId]).orderBy('id').forNoKeyUpdate();
    const actor = locked.find(({ id }) => id === actorId);
    const user = locked.find(({ id, status }) => id === userId && status !== 'deleted');
    if (actor?.role !== 'admin' || actor.status !== 'active') throw problem('forbidden');
    if (user === undefined) throw problem('not_found');
    if (user === actor) throw problem('forbidden', 'Ask another administrator to change your account');

    if (user.role === 'guest' && change.role !== undefined)
      throw problem('forbidden', 'A guest gets another role by registering');
    // Whoever knows a site's secret signs in as any of its users.
    if (user.external_id !== null && (change.role ?? 'user') !== 'user')
      throw problem('forbidden', 'An account that a site vouches for keeps its role');
    const changes = changesOf(user, change);
    if (changes.length === 0) return { user, ended: [] };
    const changed = await User.query(trx).patchAndFetchById(userId, { ...change, updated_at: new Date() });
    for (const one of changes) await along(one, trx);
    const suspended = user.status !== 'suspended' && changed.status === 'suspended';
    return { user: changed, ended: suspended ? await shutOut(userId, trx) : [] };
  });
}

function changesOf(user: User, change: UserChange): Changed[] {
  return (['role', 'status'] as const).flatMap((field) => {
    const to = change[field] ?? user[field];
    return to === user[field] ? [] : [{ field, from: user[field], to }];
  });
}

async function shutOut(userId: number, trx: Knex): Promise<number[]> {
  const { rows } = await trx.raw<{ rows: [{ ended: number[] }] }>('SELECT shut_out(?) AS ended', [userId]);
  return rows[0].ended;
}
